"""The progress bar drawn by rich; imported on a terminal only."""

from __future__ import annotations

from types import TracebackType
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tqb.types import Failure, Request, Response


class RichBar:
    """Answers so far, of how many, failed calls, and the time that is left."""

    def __init__(self, stream: IO[str]) -> None:
        """Draw on `stream`, and leave nothing there at the end."""
        columns = (
            TextColumn("asking"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[note]}"),
        )
        self._progress = Progress(*columns, console=Console(file=stream), transient=True)
        self._task = self._progress.add_task("asking", total=None, visible=False, note="")
        self._failed = 0

    def __enter__(self) -> RichBar:
        """Start to draw."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Wipe the bar."""
        self._progress.stop()

    def start(self, total: int) -> None:
        """`total` requests are about to be sent."""
        self._progress.update(self._task, total=total, visible=True)

    def advance(self, request: Request, reply: Response | Failure) -> None:
        """One of them came back."""
        self._failed += isinstance(reply, Failure)
        note = f"{self._failed} failed" if self._failed else ""
        self._progress.update(self._task, advance=1, note=note)
