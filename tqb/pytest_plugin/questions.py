"""The tests made of a pack: one for each item, and one for the gate."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tqb.changes import count_passes
from tqb.errors import InputError
from tqb.formats.terminal import failed_rows, render_report
from tqb.pytest_plugin import PREFIX
from tqb.pytest_plugin.shared import SharedRun
from tqb.text import one_line
from tqb.types import Change, Item, Pack, Report, Result

OF_PYTEST = frozenset(
    "skip skipif xfail parametrize usefixtures filterwarnings tryfirst trylast".split()
)
"""Markers that mean something to pytest: a category of that name is no marker of its own."""

EXCUSES: dict[Change | None, str] = {
    "still_failing": "failed in the baseline too",
    "flaky": "flaky: did not fail each time it was asked again",
    "recovered": "recovered: passed when it was asked again",
}


class Questions(pytest.Collector):
    """A pack, as pytest collects it."""

    def __init__(
        self, pack: Pack, items: Sequence[Item], run: SharedRun, ids: Sequence[str], **node: Any
    ) -> None:
        """Keep what `collect` needs.

        Args:
            pack: the pack.
            items: those of its items that the settings select.
            run: where their answers come from.
            ids: of the tests that are wanted, or of what holds them; empty for all.
            node: what pytest wants to know of a node.
        """
        super().__init__(**node)
        self.pack, self.items, self.run, self.ids = pack, items, run, ids

    def collect(self) -> Iterator[Question]:
        """Make a test of each item that is wanted."""
        for item in self.items:
            node_id = f"{self.nodeid}::{item.id}"
            if not self.ids or any(is_within(node_id, one) for one in self.ids):
                yield Question.from_parent(
                    self, name=item.id, nodeid=node_id, item=item, run=self.run
                )


def is_within(node_id: str, wanted: str) -> bool:
    """Whether a test is the one named, or below it."""
    return node_id == wanted or node_id.startswith(wanted.removesuffix("::") + "::")


def ask_all(session: pytest.Session, run: SharedRun) -> Report:
    """Return the report of all questions that are left of the session after -k, -m and --lf.

    A run that cannot begin is an error of the test that needs it.
    """
    try:
        return run.report([item.key for item in session.items if isinstance(item, Question)])
    except InputError as error:
        return pytest.fail(str(error), pytrace=False)


class Question(pytest.Item):
    """A question: wrong answers fail, a call that failed is an error of the set-up."""

    def __init__(self, item: Item, run: SharedRun, **node: Any) -> None:
        """Keep the item, and mark the test with its language and its category."""
        super().__init__(**node)
        self.run = run
        self.line = item.line
        self.pack = self.parent.name if self.parent else ""
        self.key = f"{self.pack}/{item.id}"
        self.results: list[Result] = []
        self.extra_keyword_matches.add(self.key)
        known = {**item.tags, "pack": self.pack, "language": item.lang}
        self.add_marker(pytest.mark.tqb(**known))
        for name in map(marker_name, (item.lang, item.tags.get("category", ""))):
            if name and name not in OF_PYTEST:
                self.config.addinivalue_line("markers", f"{name}: questions of packs.")
                self.add_marker(name)

    def setup(self) -> None:
        """Ask, if nobody has; end here where there is no answer."""
        ask_all(self.session, self.run)
        self.results = self.run.results(self.pack, self.name)
        if count_passes(self.results).n:
            return
        failed = [one.failure for one in self.results if one.outcome == "error" and one.failure]
        if failed:
            pytest.fail(f"{failed[0].kind}: {one_line(failed[0].message, 600)}", pytrace=False)
        pytest.skip(f"not asked: {one_line(self.results[0].explanation, 300)}")

    def runtest(self) -> None:
        """Fail where no more than half of the answers are right."""
        passes = count_passes(self.results)
        if passes.passing:
            return
        excuse = self._excuse()
        if excuse:
            pytest.xfail(excuse)
        wrong = next(one for one in self.results if one.outcome == "fail")
        often = f" ({passes} passed)" if passes.n > 1 else ""
        pytest.fail(explain(wrong) + often, pytrace=False)

    def _excuse(self) -> str | None:
        """Say why a wrong answer is no failure; None where it is one."""
        if not self.run.gate_decides:
            return None
        change = self.run.change(self.key)
        passed = ask_all(self.session, self.run).passed
        return EXCUSES.get(change, "within what the gate lets pass" if passed else None)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Point at the item's line in its pack."""
        return self.path, self.line - 1 if self.line else None, self.key


class Gate(pytest.Item):
    """The verdict on all answers together; one that could not be given is an error."""

    def __init__(self, run: SharedRun, **node: Any) -> None:
        """Keep the run."""
        super().__init__(**node)
        self.run = run
        self.add_marker("tqb")

    def setup(self) -> None:
        """Ask, if nobody has; end here where nothing could be judged."""
        report = ask_all(self.session, self.run)
        if report.verdict.status not in ("pass", "fail"):
            pytest.fail(render_report(report, None, details=False).rstrip(), pytrace=False)

    def runtest(self) -> None:
        """Fail where the gate does."""
        report = ask_all(self.session, self.run)
        if not report.passed:
            pytest.fail(render_report(report, None, details=False).rstrip(), pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name the test."""
        return self.path, None, f"{PREFIX}{self.name}"


def marker_name(text: str) -> str:
    """Return a tag as the name of a marker, which -m can read."""
    return re.sub(r"[^\w.-]+", "_", text).strip("_.-")


def explain(result: Result) -> str:
    """Say what was asked, what was wanted, and what was answered; the first line says it all."""
    rows = failed_rows(result)
    head = f"answered {one_line(result.answer or '', 60)!r}, expected {result.targets[0]!r}"
    return "\n".join([head, *(f"  {label:<9} {value}" for label, value in rows.items())])
