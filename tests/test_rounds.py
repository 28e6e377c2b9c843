"""What became of each item between two runs."""

from __future__ import annotations

from tests.make import report, result
from tqb.rounds import differences


def test_each_event_has_its_name() -> None:
    """Right, wrong, unanswered, edited, new and gone are told apart, the worst first."""
    before = report("+-+e-+-", result("+", "q8"))
    after = report(
        "",
        result("+", "q9"),
        result("-", "q8", question_sha256="another"),
        result("-", "q7", answer="something else"),
        result("+", "q6"),
        result("+", "q5"),
        result("-", "q4"),
        result("e", "q3"),
        result("-", "q1"),
    )
    told = [(one.event, one.key) for one in differences(before, after)]
    assert told == [
        ("broken", "p/q1"),
        ("unanswered", "p/q3"),
        ("fixed", "p/q5"),
        ("answered", "p/q4"),
        ("answer", "p/q7"),
        ("edited", "p/q8"),
        ("new", "p/q9"),
        ("removed", "p/q2"),
    ]


def test_repeats_are_one_item() -> None:
    """More than half of the answers decide, and a wrong one is shown."""
    before = report("", *(result("+", repeat=repeat) for repeat in range(3)))
    once = report("", *(result(letter, repeat=n) for n, letter in enumerate("+-+")))
    twice = report("", *(result(letter, repeat=n) for n, letter in enumerate("+--")))
    assert differences(before, once) == ()
    (broken,) = differences(before, twice)
    assert broken.event == "broken"
    assert broken.after
    assert broken.after.repeat == 1
