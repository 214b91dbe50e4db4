"""Records from outside: reading files, checking rows, keeping what a human changed.

Doors of its own: `sources/` (one file a format), `tables` (CSV and Excel as rows), `cells` (what
stands in one), `needs` (those of `opportunities-csv`), `run` (a whole import).
"""
