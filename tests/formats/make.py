"""A report with one of everything, whose texts are whatever a test wants them to be."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tests.make import report, result, run_info
from tqb.baseline import compare, from_report
from tqb.gate import judge
from tqb.types import Failure, PackRef, Policy, Report, Result

PATH = "packs/p/items.jsonl"

BAIT = (
    *("`", "``", "\n", "\r", "\x00", "\x1b[2J", "\ud800", "\ufffe", "\u2028", "|", "\\", '"', "'"),
    *(
        "<b>",
        "</details>",
        "<!--",
        "-->",
        "]]>",
        "&lt;",
        "&#64;a",
        "@user",
        "a@b.com",
        "#1",
        "GH-1",
    ),
    *(
        "https://e.com",
        "www.e.com",
        "[a](http://b)",
        "![",
        "$x$",
        "- ",
        "1. ",
        "# ",
        "> ",
        "~~",
        "*",
    ),
    *("::error::", "%0A", ",", ":", "=1+1", "+", "@SUM", "\t", "{0}", " ", "a", "é", "漢"),
)
"""Pieces that mean something to some reader of some output."""

HOSTILE = st.lists(st.sampled_from(BAIT) | st.text(max_size=5), max_size=12).map("".join)


def mixed(text: str = "x", **changes: object) -> Report:
    """Return a judged report with one of everything; `text` stands where others may write.

    q1 passes, q2 is broken, q3 failed before too, q4 is new and fails, q5 brought no answer, q6 was
    not asked. `changes` are those of the run's header.
    """
    failure = Failure("server", text)
    results = (
        *(_spoilt(text, letter, number) for number, letter in enumerate("+---", 1)),
        replace(_spoilt(text, "e", 5), failure=failure, explanation=text),
        _spoilt(text, "s", 6),
    )
    info = run_info(packs=(PackRef("p", "1.0.0", "c", "en", 6, PATH),), target=text)
    after = replace(report("", *results), run=replace(info, **changes))  # type: ignore[arg-type]
    after = replace(after, comparison=compare(from_report(report("++-")), after))
    return replace(after, verdict=judge(after, Policy(max_broken=0, max_errors=1)))


def _spoilt(text: str, letter: str, number: int) -> Result:
    made = result(letter, f"q{number}", question=text, targets=(text, "y"), line=number)
    answer = None if made.answer is None else text
    return replace(made, answer=answer, explanation=text, tags={"category": text})
