"""Musubi (結び): a city's civic groups, found in Japanese and brought together.

Rooms stand in a column (pyproject.toml, import-linter): each may import only those below it.
"""
