"""Baselines: the file, and a run held against it."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import report, result, run_info
from tqb.baseline import accept, compare, diff, from_report, from_text, is_baseline, to_text
from tqb.errors import BaselineError
from tqb.report import question_sha256
from tqb.types import Item, Params, Report, Status, Verdict

PATH = Path("tqb-baseline.jsonl")


def changes(before: Report, after: Report) -> dict[str, int]:
    return dict(compare(from_report(before), after).counts)


def test_file_reads_back_the_same() -> None:
    """Text → baseline → text gives the same bytes."""
    base = accept(report("+-+"))
    text = to_text(base)
    assert from_text(text.encode(), PATH) == base
    assert to_text(from_text(text.encode(), PATH)) == text
    assert is_baseline(text.encode())


def test_file_may_be_reformatted() -> None:
    """A baseline that another tool wrote anew, without spaces, is still one."""
    base = accept(report("+-"))
    rows = [json.loads(line) for line in to_text(base).splitlines()]
    text = "\r\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    assert is_baseline(text.encode())
    assert from_text(text.encode(), PATH) == base


def test_file_is_sorted_and_one_line_an_item() -> None:
    """The same run gives the same file, whatever the order of its results."""
    run = report("+-+")
    turned = replace(run, results=run.results[::-1])
    assert to_text(accept(turned)) == to_text(accept(run))
    assert len(to_text(accept(run)).splitlines()) == 1 + 3


def test_file_holds_neither_answers_nor_times() -> None:
    """A baseline has no answer text, no timestamp, no run id: its diffs are small."""
    text = to_text(accept(report("", result("+", answer="the secret answer"))))
    assert "secret" not in text
    assert "2026" not in text


@given(st.lists(st.sampled_from("+-e"), min_size=1, max_size=8), st.randoms())
def test_accepting_is_stable_byte_for_byte(letters: list[str], order: random.Random) -> None:
    """The same answers at about the same speed give the same bytes, whenever and in any order."""
    results = [
        result(letter, f"q{n % 3}", repeat=n // 3, answer=f"{n}", latency_s=8.0)
        for n, letter in enumerate(letters)
    ]
    one = report("", *results)
    late = [replace(r, latency_s=order.uniform(6.0, 11.0)) for r in results]
    order.shuffle(late)
    later = run_info(id="r2", started_at="2027-01-01", finished_at="2027-01-01")
    two = replace(report("", *late), run=later)
    assert to_text(from_report(one)) == to_text(from_report(two))


def test_one_changed_answer_changes_one_line() -> None:
    """The diff of two baselines is as small as what changed."""
    lines = [to_text(accept(report(letters))).splitlines() for letters in ("++++", "++-+")]
    assert [a == b for a, b in zip(*lines, strict=True)] == [True, True, True, False, True]


def test_answers_are_kept_on_request_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of an answer is kept when it is asked for, and a key in it is blotted out."""
    monkeypatch.setenv("SHOP_API_KEY", "s3cret-0123")
    base = accept(report("", result("+", answer="the key is s3cret-0123")), answers=True)
    assert base.items[0].answer == "the key is ***"
    assert "s3cret" not in to_text(base)
    assert from_text(to_text(base).encode(), PATH) == base


def test_tokens_are_medians() -> None:
    """An item asked several times has the lower median of its tokens."""
    repeats = [result("+", "q", repeat=n, completion_tokens=t) for n, t in enumerate((9, 2, 4, 7))]
    assert accept(report("", *repeats)).items[0].completion_tokens == 4


def test_question_hash_covers_what_makes_the_question() -> None:
    """Text, answers, context and language change the hash; tags and the order of aliases do not."""
    item = Item(
        "q", "Capital?", "Rome", ("Roma", "Urbs"), context="In Rome.", lang="en", tags={"a": "b"}
    )
    same = (replace(item, tags={}), replace(item, aliases=("Urbs", "Roma"), id="p", sha256="x"))
    assert {question_sha256(one) for one in same} == {question_sha256(item)}
    other = (
        replace(item, text="Capital of Italy?"),
        replace(item, label="Paris"),
        replace(item, aliases=("Roma",)),
        replace(item, context=""),
        replace(item, lang="it"),
    )
    assert question_sha256(item) not in {question_sha256(one) for one in other}


def test_repeats_are_counted_by_item() -> None:
    """An item's line has its passes and the repeats that brought an answer."""
    repeats = [result(letter, "q", repeat=n) for n, letter in enumerate("+-+e")]
    (item,) = accept(report("", *repeats)).items
    assert (item.passes, item.runs) == (2, 3)


@pytest.mark.parametrize("status", ["inconclusive", "interrupted", "nothing", "budget"])
def test_unknown_state_is_no_baseline(status: Status) -> None:
    """Only a run that was judged can be accepted."""
    with pytest.raises(BaselineError, match="the run was "):
        accept(report("++", verdict=Verdict(status, 3, ())))


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("+", "-", "broken"),
        ("-", "+", "fixed"),
        ("+", "+", "unchanged"),
        ("-", "-", "still_failing"),
        ("+", "e", "inconclusive"),
        ("e", "-", "inconclusive"),
        ("+", "s", "inconclusive"),
    ],
)
def test_kinds_of_change(before: str, after: str, change: str) -> None:
    """Each pair of outcomes has one name; without an answer on both sides nothing is said."""
    assert changes(report(before), report(after)) == {change: 1}


def test_new_and_removed_items() -> None:
    """An item on one side only is new or removed."""
    assert changes(report("+"), report("++")) == {"new": 1, "unchanged": 1}
    assert changes(report("++"), report("+")) == {"removed": 1, "unchanged": 1}


def test_an_edited_question_is_no_regression() -> None:
    """An item whose content changed is `changed`, whatever its outcome."""
    edited = report("", result("-", "q1", question_sha256="other"))
    assert changes(report("+"), edited) == {"changed": 1}


def test_items_of_packs_that_did_not_run_are_left_out() -> None:
    """A baseline of two packs says nothing of the pack that was not run."""
    before = report("+", result("+", "q9", pack="other"))
    assert changes(before, report("+")) == {"unchanged": 1}


def test_majority_of_repeats_decides() -> None:
    """An item passes when more than half of its answered repeats pass."""
    before = report("", *(result(x, "q", repeat=n) for n, x in enumerate("++-")))
    after = report("", *(result(x, "q", repeat=n) for n, x in enumerate("+--")))
    comparison = compare(from_report(before), after)
    (item,) = comparison.items
    assert (item.change, str(item.before), str(item.after)) == ("broken", "2/3", "1/3")


def test_all_items_are_listed_and_counted() -> None:
    """The comparison has a line for each item, sorted, and a count for each kind of change."""
    comparison = compare(from_report(report("++-")), report("+--"))
    assert [item.item_id for item in comparison.items] == ["q1", "q2", "q3"]
    assert comparison.counts == {"broken": 1, "still_failing": 1, "unchanged": 1}


def test_other_circumstances_are_noted() -> None:
    """Target, template, scorer, parameters and pack are compared too."""
    other = run_info(
        target="t2",
        template_sha256="x",
        scorer="fuzzy",
        params=Params(temperature=0.7),
        packs=(replace(run_info().packs[0], sha256="d"),),
    )
    after = replace(report("+"), run=other)
    assert compare(from_report(report("+")), after).notes == (
        "the target is t2, in the baseline it was t",
        "the prompt template is not the one of the baseline",
        "the scorer is fuzzy, in the baseline it was exact",
        "temperature is 0.7, in the baseline it was 0.0",
        "pack p was edited since the baseline",
    )
    assert compare(from_report(report("+")), report("+")).notes == ()


def test_changed_prompt_tokens_are_noted() -> None:
    """Other token counts for the same questions are said, with both sums."""
    before = report("", *(result("+", f"q{n}", prompt_tokens=20) for n in (1, 2, 3)))
    after = report(
        "",
        result("+", "q1", prompt_tokens=20),
        result("+", "q2", prompt_tokens=14),
        result("+", "q3", prompt_tokens=99, question_sha256="edited"),
    )
    assert diff(from_report(before), from_report(after)).notes == (
        "the same 2 questions take 34 prompt tokens, in the baseline they took 40: "
        "what reaches the model has changed",
    )
    assert diff(from_report(before), from_report(before)).notes == ()


@pytest.mark.parametrize(
    ("line", "text", "wanted"),
    [
        (0, '{"kind": "tqb-baseline"}', ":1: baseline of schema version None"),
        (0, '{"kind": "tqb-baseline", "schema_version": 9}', ":1: baseline of schema version 9"),
        (0, '{"kind": "tqb-baseline", "schema_version": 1}', ":1: tool: Field required"),
        (1, "<<<<<<< HEAD", ":2: not a JSON object"),
        (1, '{"pack": "p"}', ":2: item_id: Field required"),
        (1, "[" * 100_000, ":2: not a JSON object"),
    ],
)
def test_broken_file_is_named_by_line(line: int, text: str, wanted: str) -> None:
    """A merge conflict or a hand's slip is one sentence with file and line."""
    lines = to_text(accept(report("++"))).splitlines()
    lines[line] = text
    with pytest.raises(BaselineError) as caught:
        from_text("\n".join(lines).encode(), PATH)
    assert f"{PATH}{wanted}" in str(caught.value)


def test_doubled_line_is_refused() -> None:
    """An item that stands twice, as after a bad merge, is refused."""
    lines = to_text(accept(report("+"))).splitlines()
    with pytest.raises(BaselineError, match="p/q1 stands there 2 times"):
        from_text("\n".join([*lines, lines[-1]]).encode(), PATH)


@given(st.text("+-e", min_size=1, max_size=12), st.text("+-e", min_size=1, max_size=12))
def test_every_item_is_counted_once(before: str, after: str) -> None:
    """The counts add up to the items on either side."""
    counts = changes(report(before), report(after))
    assert sum(counts.values()) == max(len(before), len(after))


@given(st.text("+-", min_size=1, max_size=12))
def test_a_run_against_itself_is_unchanged(letters: str) -> None:
    """Nothing is broken or fixed between a run and itself."""
    run = report(letters)
    assert set(changes(run, run)) <= {"unchanged", "still_failing"}
