"""Work that is better done while answers are on their way than after them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable

TICK_S = 0.01
CALM = 3
"""Ticks in a row that come on time, where the event loop has nothing to do."""


async def meanwhile(steps: Iterable[object]) -> None:
    """Take `steps` one by one in a thread, once the event loop waits; none after a cancellation.

    Until then requests are being sent, or a library is imported, which must not wait for such work.
    What a step raises is lost, and ends the steps.
    """
    loop, calm = asyncio.get_running_loop(), 0
    while calm < CALM:
        before = loop.time()
        await asyncio.sleep(TICK_S)
        calm = calm + 1 if loop.time() - before < 1.5 * TICK_S else 0
    ended = threading.Event()
    thread = threading.Thread(target=_take, args=(steps, ended), name="tqb-meanwhile", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            await asyncio.sleep(TICK_S)
    finally:
        ended.set()
        thread.join()


def _take(steps: Iterable[object], ended: threading.Event) -> None:
    try:
        for _ in steps:
            if ended.is_set():
                return
    except Exception:
        return  # what it was for will raise the same, where that is seen
