"""What a process keeps for good, out of the way of Python's cyclic garbage collector."""

import gc


def settle() -> None:
    """Take what is loaded now to stay: collections need not walk through it again and again."""
    gc.collect()
    gc.freeze()
