"""Small sets as one integer: cheap to store, to compare and to count."""

from collections.abc import Iterable


def mask_of(numbers: Iterable[int]) -> int:
    """The integer whose bits are these numbers (0 to 62)."""
    mask = 0
    for number in numbers:
        mask |= 1 << number
    return mask


def numbers_of(mask: int) -> list[int]:
    """The numbers whose bits are set, in order."""
    return [number for number in range(mask.bit_length()) if mask >> number & 1]
