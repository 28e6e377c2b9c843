"""The one run behind all tests of a session, whichever worker of pytest-xdist they are on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tqb
from tqb.changes import by_item
from tqb.types import Change, Report, Result


class SharedRun:
    """Asks all questions of a session at once, when the first test needs an answer.

    Workers of pytest-xdist share a folder: the first to come asks for all, the others wait for its
    report, so that nothing is asked twice and limits, budget and verdict are those of one run.
    """

    def __init__(self, settings: Mapping[str, Any], folder: Path | None) -> None:
        """Ask nothing yet.

        Args:
            settings: keywords of `tqb.run`.
            folder: shared with other processes; None where there are none.
        """
        self.settings = settings
        self._folder = folder
        self._report: Report | None = None
        self._error: Exception | None = None
        self._results: dict[tuple[str, str], list[Result]] = {}
        self._changes: dict[str, Change] = {}

    @property
    def has_gate(self) -> bool:
        """Whether a verdict on all answers is wanted, beside one on each."""
        rules = ("max_cost", "max_latency_p95", "max_completion_p95")
        return self.gate_decides or any(self.settings[name] is not None for name in rules)

    @property
    def gate_decides(self) -> bool:
        """Whether wrong answers are judged all together, and none fails where the gate passes."""
        return any(self.settings[name] is not None for name in ("baseline", "fail_under"))

    def report(self, keys: Sequence[str]) -> Report:
        """Return the report, after asking `keys` (``pack/item``) if nobody has.

        Without keys all that the settings select is asked: the gate alone is wanted.

        Raises:
            InputError: the run could not begin.
            KeyboardInterrupt: it was interrupted.
        """
        if self._error:
            raise self._error
        if self._report is None:
            try:
                self._report = self._ask_once(keys)
            except Exception as error:
                self._error = error
                raise
            self._results = by_item(self._report.results)
            compared = self._report.comparison
            self._changes = {one.key: one.change for one in compared.items} if compared else {}
        if self._report.verdict.status == "interrupted":
            raise KeyboardInterrupt
        return self._report

    def results(self, pack: str, item_id: str) -> list[Result]:
        """Return the results of an item, one for each repeat, once the report is there."""
        return self._results[pack, item_id]

    def change(self, key: str) -> Change | None:
        """Return what became of an item since the baseline."""
        return self._changes.get(key)

    def _ask_once(self, keys: Sequence[str]) -> Report:
        if self._folder is None:
            return self._ask(keys)
        from filelock import FileLock

        from tqb.formats import write_report
        from tqb.report import load_report

        made = self._folder / "run.json"
        with FileLock(self._folder / "run.lock"):
            if not made.exists():
                write_report(self._ask(keys), made)
        return load_report(made)

    def _ask(self, keys: Sequence[str]) -> Report:
        chosen = {"items": keys, "limit": None, "tags": None} if keys else {}
        return tqb.run(**{**self.settings, **chosen})
