"""Finding: the search page and API, and keeping the indexes in step with the registry.

Doors of its own: `documents`, `opportunities` (a record → what is indexed), `shelves` (the kinds of
documents), `drain` (what waits → engines), `sync` (engines built, mended and fed), `engines` (which
engine answers), `lexicon` (the names search understands), `results` (what pages of results share).
"""
