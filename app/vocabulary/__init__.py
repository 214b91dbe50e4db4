"""Controlled lists, one file each: the stored code, its Japanese label, its source if any.

Lists that a city must be able to change (stages, registration schemes, offices) are rows instead.
"""

from enum import StrEnum
from typing import Self


class Choice(StrEnum):
    """A code with its Japanese label and, where needed, a sentence about it."""

    label: str
    description: str

    def __new__(cls, code: str, label: str = "", description: str = "") -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        member.description = description
        return member

    @classmethod
    def named(cls, written: str) -> Self | None:
        """The member of this code or label, as imports and forms write it."""
        return next((m for m in cls if written in (m.value, m.label)), None)
