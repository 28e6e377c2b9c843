"""Ctrl-C while answers are in hand: they are written before anything ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from tqb.types import Failure, Request, Response

OnReply = Callable[[Request, Response | Failure], None]
LEAST = 3
"""Signals that it takes to give up answers that are in hand."""


class Patience:
    """Holds SIGINT and SIGTERM off once an answer is there; before that, they end the command.

    While requests are under way the runner has its own handlers; these are in force before and
    after it, and for a second Ctrl-C. A signal that is ignored stays ignored.
    """

    def __init__(self) -> None:
        """Hold nothing off yet."""
        self._answers = 0
        self._signals = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Patience:
        """Take the signals over, on the main thread."""
        if threading.current_thread() is threading.main_thread():
            for name in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(name) != signal.SIG_IGN:
                    self._before[name] = signal.signal(name, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for name, handler in self._before.items():
            signal.signal(name, handler)

    def after(self, on_reply: OnReply) -> OnReply:
        """Return `on_reply`, which also counts the answers."""

        def count(request: Request, reply: Response | Failure) -> None:
            self._answers += isinstance(reply, Response)
            on_reply(request, reply)

        return count

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        if not self._answers or self._signals >= LEAST:
            raise KeyboardInterrupt
