"""Residents who want to take part: what they like and can do, when, where, and what they allow.

Nothing of it is public. A door of its own: `records` (a profile as it is read).
"""
