"""What a process keeps for good, out of the way of Python's cyclic garbage collector."""

import gc

# A request makes thousands of short-lived values and hardly a cycle: to look for one each 700
# values cost a seventh of the throughput.
_THRESHOLDS = (10_000, 20, 50)


def settle() -> None:
    """Take what is loaded now to stay: collections need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
