"""Annotations and outputs: nothing in a report can give an order to GitHub's runner."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote

from hypothesis import given

from tests.formats.make import HOSTILE, PATH, mixed
from tests.make import report, result
from tqb.formats.github import commands, fenced, step_outputs
from tqb.text import one_line
from tqb.types import Failure, Verdict

COMMAND = re.compile(r"::(error|warning|notice) ([^\r\n]*?)::([^\r\n]*)")


@given(HOSTILE)
def test_any_answer_stays_within_its_annotation(text: str) -> None:
    """Each annotation is one line whose properties and message are read back as they were."""
    found = []
    for line in commands(mixed(text)):
        matched = COMMAND.fullmatch(line)
        assert matched
        level, named, message = matched.groups()
        properties = dict(pair.split("=", 1) for pair in named.split(","))
        found.append((level, properties, message))
    assert [(level, p.get("file"), p.get("line")) for level, p, _ in found] == [
        ("error", None, None),
        ("error", PATH, "2"),
        ("warning", None, None),
        ("warning", PATH, "4"),
    ]
    broken = re.sub("%(0D|0A|25)", lambda m: unquote(m[0]), found[1][2])
    assert f"answer: {one_line(text, 500)}" in broken.split("\n")


@given(HOSTILE)
def test_any_text_stays_within_its_output_and_its_fence(text: str) -> None:
    """The outputs of the step are seven whatever is in the report; a fence ends where we say."""
    made = mixed(text)
    names = re.findall(r"^([\w-]+)<<end-[0-9a-f]{32}$", step_outputs(made, text), re.MULTILINE)
    wanted = ["status", "exit-code", "accuracy", "found", "broken", "broken-items", "report"]
    assert names == wanted
    first, *_, last = fenced(f"{text}\n").split("\n")[:-1]
    assert last == f"::{first.removeprefix('::stop-commands::')}::"


def test_never_more_than_github_shows() -> None:
    """Of each kind there are ten at most, the verdict first; failed calls come before items."""
    failures = [result("e", f"e{n}", failure=Failure("server", f"failure {n}")) for n in range(8)]
    made = report("-" * 40, *failures, verdict=Verdict("inconclusive", 3, ("why",)))
    levels = Counter(line.split()[0] for line in commands(made))
    assert levels == {"::warning": 10}
    lines = list(commands(made))
    assert lines[0] == "::warning title=tqb%3A INCONCLUSIVE::why"
    assert sum("call failed" in line for line in lines) == 8
