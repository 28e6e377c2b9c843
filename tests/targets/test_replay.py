"""Recorded answers as the target."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.targets.ask import Outcome, answer_of, ask, failure_of, make_request
from tqb.errors import CallError, TargetError
from tqb.targets import open_target
from tqb.types import Response


def write(path: Path, *rows: Any) -> str:
    """A JSONL file of the rows, and the spec that replays it."""
    file = path / "answers.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"replay:{file}"


def answers(outcomes: list[Outcome]) -> list[str]:
    """The answers, or the messages of the failures."""
    return [o.answer if isinstance(o, Response) else str(o) for o in outcomes]


def test_a_row_carries_all_that_was_recorded(tmp_path: Path) -> None:
    """The latency too; without one it is 0. What it did cost then it does not cost now."""
    row = {
        "id": "france",
        "answer": "Paris",
        "prompt_tokens": 5,
        "completion_tokens": 1,
        "finish_reason": "stop",
        "latency_s": 0.25,
        "model": "m",
        "cost_usd": 0.001,
        "note": "passed over",
    }
    assert answer_of(write(tmp_path, row)) == Response("Paris", "stop", 5, 1, 0.25, 0.0, "m")
    bare = answer_of(write(tmp_path, {"id": "france", "answer": "x"}))
    assert bare == Response("x", cost_usd=0.0)


def test_an_id_may_name_its_pack(tmp_path: Path) -> None:
    """The row with the pack goes before the row without."""
    spec = write(
        tmp_path, {"id": "france", "answer": "any"}, {"id": "core-en/france", "answer": "this"}
    )
    outcomes = ask(spec, make_request(), make_request(pack="other"))
    assert answers(outcomes) == ["this", "any"]


def test_rows_of_one_id_are_its_repeats(tmp_path: Path) -> None:
    """In order, unless they are numbered."""
    rows = [
        {"id": "a", "answer": "one"},
        {"id": "b", "repeat": 1, "answer": "second"},
        {"id": "a", "answer": "two"},
        "",
        {"id": "b", "repeat": 0, "answer": "first"},
    ]
    asked = [make_request(item=item, repeat=n) for item in "ab" for n in (0, 1)]
    assert answers(ask(write(tmp_path, *rows), *asked)) == ["one", "two", "first", "second"]


def test_a_missing_answer_is_a_failure(tmp_path: Path) -> None:
    """Which names item, repeat and file."""
    spec = write(tmp_path, {"id": "france", "answer": "Paris"})
    failure = failure_of(spec, make_request(repeat=1))
    file = spec.removeprefix("replay:")
    assert failure.kind == "not_found"
    assert str(failure) == f"{file} holds no answer to this item in repeat 2"


def report(path: Path, *results: dict[str, Any]) -> str:
    """A report of tqb with these results."""
    rows = [{"pack": "core-en", "item_id": "france", "repeat": 0, **row} for row in results]
    (path / "run.json").write_text(json.dumps({"results": rows}, indent=2), encoding="utf-8")
    return f"replay:{path / 'run.json'}"


def test_a_report_is_replayed(tmp_path: Path) -> None:
    """Right and wrong answers come again, failures fail again, skipped items are missing."""
    spec = report(
        tmp_path,
        {"outcome": "pass", "answer": "Paris", "latency_s": 0.5, "prompt_tokens": 5},
        {"outcome": "fail", "answer": "Lyon", "repeat": 1, "latency_s": None},
        {
            "outcome": "error",
            "answer": None,
            "repeat": 2,
            "failure": {"kind": "server", "message": "500 from x: boo", "attempts": 3},
        },
        {"outcome": "skipped", "answer": None, "repeat": 3},
    )
    right, wrong, failed, skipped = ask(spec, *[make_request(repeat=n) for n in range(4)])
    assert right == Response("Paris", prompt_tokens=5, latency_s=0.5, cost_usd=0.0)
    assert wrong == Response("Lyon", cost_usd=0.0)
    assert isinstance(failed, CallError)
    assert (failed.kind, str(failed)) == ("server", "500 from x: boo")
    assert isinstance(skipped, CallError)
    assert skipped.kind == "not_found"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["{nope"], ':1: not JSON (Expecting property name enclosed in double quotes): "{nope"'),
        (['{"id": "a", "answer": "b"}', "3"], ":2: not a JSON object"),
        (['{"answer": "b"}'], ':1: no "id"'),
        (['{"id": 3, "answer": "b"}'], ':1: no "id"'),
        (['{"id": "a"}'], ':1: "answer" is missing, wanted a string'),
        (['{"id": "a", "answer": 3}'], ':1: "answer" is int, wanted a string'),
        (['{"id": "a", "answer": "b", "repeat": -1}'], ':1: "repeat" is no whole number'),
        (['{"id": "a", "answer": "b", "latency_s": "x"}'], ':1: "latency_s" is str'),
        (
            ['{"id": "a", "answer": "b", "latency_s": -1}'],
            ':1: "latency_s" is out of range, wanted',
        ),
        (['{"id": "a", "answer": "b", "cost_usd": NaN}'], ':1: "cost_usd" is out of range'),
        (['{"id": "a", "answer": "b", "repeat": 0}'] * 2, ':2: "a" has two answers for repeat 0'),
        (["[]"], ":1: a JSON array: write one object on each line instead"),
        (["[" * 100_000], ":1: n"),
        ([""], ": holds no answers"),
        (['{"results": 3}'], ': "results" is no list'),
        (['{"results": [3]}'], ": results[0]: no JSON object"),
        (['{"results": [{"outcome": "pass"}]}'], ': results[0]: "pack" and "item_id" are wanted'),
        (
            ['{"results": [{"outcome": "error", "pack": "a", "item_id": "b", "repeat": 0}]}'],
            ': results[0]: an error without a "failure" of a known kind',
        ),
        (["\ufeff{}"], ":1: begins with a byte order mark"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path: Path, rows: list[str], said: str) -> None:
    """One sentence, at the place of the mistake."""
    spec = write(tmp_path, *rows)
    with pytest.raises(TargetError) as caught_error:
        open_target(spec)
    message = str(caught_error.value)
    assert message.startswith(spec.removeprefix("replay:") + said)
    assert "\n" not in message


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """With the line that is not UTF-8."""
    file = tmp_path / "answers.jsonl"
    file.write_bytes(b'{"id": "a", "answer": "b"}\n{"id": "\xff"}\n')
    with pytest.raises(TargetError, match=":2: not UTF-8: save it as UTF-8"):
        open_target(f"replay:{file}")


@pytest.mark.parametrize("path", ["absent.jsonl", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, path: str) -> None:
    """Absent, or a folder."""
    with pytest.raises(TargetError, match="cannot be read"):
        open_target(f"replay:{tmp_path / path}")


def test_answers_with_line_separators_inside_stay_whole(tmp_path: Path) -> None:
    """Only a line feed ends a row."""
    row = json.dumps({"id": "france", "answer": "a\u2028b\x85c"}, ensure_ascii=False)
    assert answer_of(write(tmp_path, row)).answer == "a\u2028b\x85c"
