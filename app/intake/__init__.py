"""Records from outside: reading files, checking rows, keeping what a human changed.

Doors of its own: `sources/` (one file a format), `tables` (CSV and Excel as rows), `run` (a whole
import).
"""
