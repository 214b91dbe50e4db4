"""Needs and offers: what is sought and given, volunteer opportunities with their shifts.

Doors of its own: `records` (a listing as read), `shifts` (dates and places on them), `engagements`
(how a pair stands), `words` (what a text is about).
"""
