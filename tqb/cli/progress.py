"""A progress bar on stderr, where a person looks at a terminal; nothing elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Protocol

from tqb.types import Failure, Request, Response


class Bar(Protocol):
    """What a run tells while it goes on."""

    def start(self, total: int) -> None:
        """`total` requests are about to be sent."""

    def advance(self, request: Request, reply: Response | Failure) -> None:
        """One of them came back."""


class NoBar:
    """Shows nothing."""

    def start(self, total: int) -> None:
        """Show nothing."""

    def advance(self, request: Request, reply: Response | Failure) -> None:
        """Show nothing."""


def live_display_wanted(stream: IO[str]) -> bool:
    """Tell whether a bar may be drawn: on a terminal, not under CI, not on a dumb one."""
    return stream.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


@contextmanager
def progress(stream: IO[str], *, quiet: bool) -> Iterator[Bar]:
    """Yield a bar that is gone when the run is over."""
    if quiet or not live_display_wanted(stream):
        yield NoBar()
        return
    from tqb.cli.bar import RichBar

    with RichBar(stream) as bar:
        yield bar
