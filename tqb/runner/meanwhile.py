"""Work that is better done while answers are on their way than after them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

AFTER_S = 0.1
"""Seconds until which the first requests have been sent, which must not wait for such work."""


@contextmanager
def meanwhile(steps: Iterable[object], after_s: float = AFTER_S) -> Iterator[None]:
    """Take `steps` one by one in a thread while the block runs, and no more of them after it.

    A block that ends within `after_s` seconds has none of them taken. What a step raises is lost,
    and ends the steps.
    """
    ended = threading.Event()

    def take() -> None:
        if ended.wait(after_s):
            return
        try:
            for _ in steps:
                if ended.is_set():
                    return
        except Exception:
            return  # what it was for will raise the same, where that is seen

    thread = threading.Thread(target=take, name="tqb-meanwhile", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
