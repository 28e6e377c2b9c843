"""The terminal report: the verdict first, and nothing an answer can do to the screen."""

from __future__ import annotations

import io
from dataclasses import replace

from tests.make import report, result
from tqb.baseline import compare, from_report
from tqb.formats.terminal import SHOWN, render_comparison, render_report
from tqb.gate import judge
from tqb.types import Failure, Policy, Report, Result


def shown(made: Report, **how: bool) -> str:
    judged = replace(made, verdict=judge(made, Policy()))
    return render_report(judged, io.StringIO(), **how)


def against(before: Report, after: Report) -> Report:
    return replace(after, comparison=compare(from_report(before), after))


def test_verdict_comes_first_then_reasons_then_details() -> None:
    """A failing run says FAIL, why, the figures, and each broken item with all that matters."""
    wrong = result(
        "-", "q2", answer="Lyon", targets=("Paris", "Lutetia"), explanation="is not accepted"
    )
    text = shown(against(report("++"), report("+", wrong)))
    assert text.splitlines() == [
        "FAIL  p · t · 2 items",
        "  1 of 2 items that passed before now fails, none that failed now passes; "
        "a drop of 50 % is over --max-drop 0.2",
        "  1 broken item was not asked again",
        "",
        "  accuracy 0.500 (1 of 2 right, 95 % interval 0.09–0.91)",
        "  latency p50 0.10 s, p95 0.10 s · cost unknown",
        "  rule  paired-test        ok           0.5, limit 0.05",
        "  rule  max-drop           failed       0.5, limit 0.2",
        "  rule  max-errors         ok           0, limit 0.05",
        "",
        "Broken: passed in the baseline (1)",
        "  p/q2  c",
        "    question  q2?",
        "    expected  Paris | Lutetia",
        "    answer    Lyon",
        "    why       is not accepted",
    ]


def test_quiet_is_verdict_and_reasons() -> None:
    """Without details there are the verdict and its reasons."""
    assert len(shown(report("+-"), details=False).splitlines()) == 2


def test_long_lists_are_cut_unless_all_are_wanted() -> None:
    """Only the first failed items are shown; the rest is counted, or shown on request."""
    made = report("-" * (SHOWN["failed"] + 3))
    assert shown(made).count("question") == SHOWN["failed"]
    assert "… and 3 more: see them with --verbose" in shown(made)
    assert shown(made, every=True).count("question") == SHOWN["failed"] + 3


def test_failed_calls_are_told_apart_from_wrong_answers() -> None:
    """Failed calls are grouped by what was said of them, under a title of their own."""
    failure = Failure("server", "500 from there")
    failures = [result("e", f"q{n}", failure=failure) for n in range(3, 8)]
    text = shown(report("+-", *failures))
    assert "Failed (1)" in text
    assert "Not answered (5)\n  server: 500 from there\n    p/q3, p/q4, p/q5 and 2 more" in text


def test_hostile_text_is_shown_not_obeyed() -> None:
    """Escape sequences, carriage returns and direction marks in any text are spelled out."""
    evil = "\x1b[2J\x1b]0;owned\x07 PASS\r\n\u202eSSAP [bold]no[/bold]"

    def spoil(one: Result) -> Result:
        return replace(
            one, answer=evil, question=evil, item_id=evil, targets=(evil,), tags={"category": evil}
        )

    failed = replace(spoil(result("e")), failure=Failure("server", evil))
    made = report("", spoil(result("-")), failed)
    text = shown(made) + shown(against(report("+"), made))
    assert not set(text) & set("\x1b\x07\r\u202e")
    assert "\\x1b[2J" in text
    assert "[bold]no[/bold]" in text


def test_spelling_joiners_stay() -> None:
    """Joiners that belong to Persian words and emoji are not taken for control characters."""
    text = shown(report("", result("-", answer="می‌خواهم 👩‍🚀")))
    assert "می‌خواهم 👩‍🚀" in text


def test_comparison_lists_what_moved() -> None:
    """`tqb compare` prints the verdict, the counts, and each item that changed."""
    made = against(report("++-"), report("-++"))
    judged = replace(made, verdict=judge(made, Policy(max_broken=0)))
    assert render_comparison(judged, io.StringIO()).splitlines() == [
        "FAIL  p · t · 3 items",
        "  1 item broken, --max-broken allows 0",
        "  1 broken item was not asked again",
        "  rule  paired-test        ok           0.75, limit 0.05",
        "  rule  max-drop           ok           0, limit 0.2",
        "  rule  max-broken         failed       1, limit 0",
        "  rule  max-errors         ok           0, limit 0.05",
        "  1 broken, 1 fixed, 1 unchanged",
        "  broken       1/1 → 0/1   p/q1",
        "  fixed        0/1 → 1/1   p/q3",
    ]
