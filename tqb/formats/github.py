"""What a GitHub workflow reads of a run: annotations, and outputs for later steps."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from tqb.formats.failed import failed_calls, paths, sections, told
from tqb.formats.found import found, told_faults
from tqb.formats.terminal import WORDS
from tqb.text import count, one_line
from tqb.types import Matrix, Report, Result, Verdict

MOST_OF_A_KIND = 10
"""Annotations of a kind (error, warning, notice) that GitHub shows of a step; of a job 50."""
WIDTH = 500
"""Characters of a question, an answer or a reason that are shown."""
MOST_NAMES = 1000
"""Broken items that an output names."""


def commands(report: Report) -> Iterator[str]:
    """Yield the annotations as workflow commands, the verdict first, no more than GitHub shows.

    Broken items are errors where the run failed; what else did not pass is a warning. What failed
    in the baseline too, or not when it was asked again, has none.
    """
    taken: Counter[str] = Counter()
    for one in _annotations(report):
        taken[one.level] += 1
        if taken[one.level] <= MOST_OF_A_KIND:
            yield one.command


@dataclass(frozen=True, slots=True)
class Annotation:
    """A note beside a line of a file, or beside none."""

    level: str
    """error, warning or notice."""
    title: str
    message: str
    place: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """The line that GitHub's runner reads."""
        properties = {**self.place, "title": self.title}
        named = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        return f"::{self.level} {named}::{_data(self.message)}"


def annotation(verdict: Verdict, faults: Iterable[str] = ()) -> str:
    """Return the command that annotates a verdict, with what broke before the reasons."""
    return _of_verdict(verdict, faults).command


def _of_verdict(verdict: Verdict, faults: Iterable[str]) -> Annotation:
    level = {"pass": "notice", "fail": "error"}.get(verdict.status, "warning")
    reasons = [one_line(reason, WIDTH) for reason in (*faults, *verdict.reasons)]
    title = f"tqb: {WORDS[verdict.status][0]}"
    return Annotation(level, title, "\n".join(reasons) or verdict.status)


def _annotations(report: Report) -> Iterator[Annotation]:
    status = report.verdict.status
    yield _of_verdict(report.verdict, told_faults(report))
    yield from _items(report, "broken", "error" if status == "fail" else "warning")
    for calls in failed_calls(report.results):
        title = f"{count(len(calls.keys), 'call')} failed: {calls.kind}"
        said = f"{one_line(calls.message, WIDTH)}\n{one_line(calls.named, WIDTH)}"
        yield Annotation("warning", title, said)
    yield from _items(report, "failed", "warning")


def _items(report: Report, kind: Literal["broken", "failed"], level: str) -> Iterator[Annotation]:
    files = paths(report)
    for key, results in islice(sections(report)[kind].items.items(), MOST_OF_A_KIND):
        first = results[0]
        rows = (f"{name}: {one_line(text, WIDTH)}" for name, text in told(first).items())
        place = _place(files.get(first.pack, ""), first)
        yield Annotation(level, f"{kind}: {one_line(key)}", "\n".join(rows), place)


def _place(path: str, result: Result) -> dict[str, str]:
    """Point at the item's line; at nothing where the file is not known."""
    if not path:
        return {}
    return {"file": path, "line": str(result.line)} if result.line else {"file": path}


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def fenced(text: str) -> str:
    """Keep GitHub from obeying commands in a text: the end of the fence cannot be guessed."""
    end = secrets.token_hex(16)
    return f"::stop-commands::{end}\n{text}::{end}::\n"


def step_outputs(report: Report, saved: str) -> str:
    """Render the outputs of the step; `saved` is where the JSON report lies.

    Each stands between delimiters that cannot be guessed, so that no value can add another.
    """
    accuracy = report.metrics.accuracy
    broken = list(sections(report)["broken"].items)
    values = {
        **_ending(report.verdict),
        "accuracy": "" if accuracy is None else str(accuracy),
        "found": "\n".join(f"{one.kind}/{one.name}" for one in found(report, "fault")),
        "broken": str(len(broken)),
        "broken-items": "\n".join(one_line(key, WIDTH) for key in broken[:MOST_NAMES]),
        "report": saved,
    }
    return _outputs(values)


def matrix_outputs(matrix: Matrix, saved: str) -> str:
    """Render the outputs of a step that had several runs, likewise."""
    failed = [cell.name for cell in matrix.cells if cell.verdict.status != "pass"]
    named = "\n".join(one_line(name, WIDTH) for name in failed[:MOST_NAMES])
    return _outputs({**_ending(matrix.verdict), "cells-not-passed": named, "report": saved})


def _ending(verdict: Verdict) -> dict[str, str]:
    return {"status": verdict.status, "exit-code": str(verdict.exit_code)}


def _outputs(values: Mapping[str, str]) -> str:
    lines = []
    for name, value in values.items():
        end = f"end-{secrets.token_hex(16)}"
        lines.append(f"{name}<<{end}\n{value}\n{end}\n")
    return "".join(lines)
