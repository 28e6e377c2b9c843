"""The pull-request comment: short, folded, and nothing an answer can do to it."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.formats.make import HOSTILE, mixed
from tests.make import report, result
from tqb.baseline import compare, from_report
from tqb.formats.markdown import MOST_BYTES, to_markdown
from tqb.text import one_line
from tqb.types import Verdict

OBEYED = re.compile(r"[@#]\w|GH-\d|://|www\.", re.IGNORECASE)
"""What GitHub makes a link of, where it stands in plain text."""


def parsed(text: str) -> list[Token]:
    """Return the tokens of a text, those within lines too."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [inner for token in tokens for inner in (token, *(token.children or ()))]


def shape(tokens: list[Token]) -> list[str]:
    """Return what the tokens are; how a plain text is cut does not matter."""
    return [token.type for token in tokens if token.type not in ("text", "text_special")]


@given(HOSTILE)
def test_no_answer_changes_the_comment(text: str) -> None:
    """Whatever is in the answers, the comment has the same parts, and no mention and no link."""
    tokens = parsed(to_markdown(mixed(text)))
    plain = "".join(token.content for token in tokens if token.type.startswith("text"))
    assert shape(tokens) == shape(parsed(to_markdown(mixed("plain"))))
    assert not OBEYED.search(plain)
    shown = one_line(text, 300) or "(empty)"
    assert shown in [token.content for token in tokens if token.type == "code_inline"]


def test_it_opens_with_the_verdict_and_its_reasons_and_folds_what_broke() -> None:
    """A phone shows the verdict and why; the broken item is one tap away, with all that matters."""
    made = mixed("Oslo")
    lines = to_markdown(made).splitlines()
    assert lines[:3] == ["### tqb: FAIL", "", "`p` · `Oslo` · 6 items"]
    assert "- 1 item broken, --max-broken allows 0" in lines
    place = lines.index("<summary>Broken: passed in the baseline (1)</summary>")
    assert lines[place + 2 : place + 7] == [
        "`p/q2`",
        "- question: `Oslo`",
        "- expected: `Oslo | y`",
        "- answer: `Oslo`",
        "- why: `Oslo`",
    ]


def test_a_comment_never_outgrows_its_limit() -> None:
    """Thousands of broken items with long answers in any script fit, and the rest is counted."""
    long = "漢`" * 5000
    broken = [
        result("-", f"q{n}", answer=long, question=long, explanation=long, targets=(long,))
        for n in range(1, 2001)
    ]
    before = report("+" * 2000)
    made = report("", *broken, verdict=Verdict("fail", 1, (long,) * 50))
    made = replace(made, comparison=compare(from_report(before), made))
    text = to_markdown(made)
    assert MOST_BYTES / 2 < len(text.encode()) <= MOST_BYTES
    shown = text.count("- answer: ")
    assert f"- and {2000 - shown:,} more, in the other outputs of the run" in text
    assert text.count("<details>") == text.count("</details>")
    assert len(to_markdown(made, 1_000_000).encode()) <= 1_000_000
