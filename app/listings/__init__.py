"""Needs and offers: what is sought and given, volunteer opportunities with their shifts.

Doors of its own: `records` (a listing as read), `rows` (its values ↔ its row), `words` (what a text
is about), `shifts` (dates, and who stands on them), `seats` (who gets a place), `joining` (who may,
and that this engages them), `engagements` (how a pair stands).
"""
