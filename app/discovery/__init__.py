"""Finding: the search page and API, and keeping the indexes in step with the registry.

Doors of its own: `documents` (a record → what is indexed), `drain` (what waits → engines), `sync`
(engines built, mended and fed), `engines` (which engine answers), `lexicon` (the names search
understands).
"""
