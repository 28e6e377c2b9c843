"""Reports: what is counted, and what stays out of the count."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import report, result
from tqb.errors import BaselineError
from tqb.formats.json import to_json
from tqb.report import failed_result, load_report, make_metrics, scored_result
from tqb.types import (
    Failure,
    Item,
    Latency,
    Message,
    Params,
    Request,
    Response,
    Score,
    Tally,
    Tokens,
)

ITEM = Item("q", "Q?", "x", ("y",), lang="fr", tags={"category": "c"}, sha256="h")
REQUEST = Request("p", ITEM, 2, (Message("user", "Q?"),), Params())


def test_a_failed_call_is_never_a_wrong_answer() -> None:
    """Accuracy is over answers; failed calls and unasked items are counted beside it."""
    metrics = make_metrics(report("++-ees").results)
    assert (metrics.n, metrics.passed, metrics.failed) == (3, 2, 1)
    assert (metrics.errors, metrics.skipped) == (2, 1)
    assert metrics.accuracy == pytest.approx(2 / 3, abs=1e-6)
    assert metrics.failures == {"server": 2}


def test_nothing_scored_has_no_accuracy() -> None:
    """Without an answer there is no accuracy, no latency and no cost: not zero."""
    metrics = make_metrics(report("ee").results)
    assert metrics.accuracy is None
    assert metrics.mean_score is None
    assert metrics.latency is None
    assert metrics.cost_usd is None
    assert metrics.by_pack == {"p": Tally(n=0, passed=0, errors=2, accuracy=None)}


def test_slices_add_up() -> None:
    """Each slice counts its own results; a tag that is not there makes no slice."""
    metrics = make_metrics(
        [
            result("+", "a", language="en"),
            result("-", "b", language="fr", tags={"difficulty": "easy"}),
            result("e", "c", language="fr", tags={}),
        ]
    )
    assert metrics.by_language == {"en": Tally(1, 1, 0, 1.0), "fr": Tally(1, 0, 1, 0.0)}
    assert metrics.by_category == {"c": Tally(1, 1, 0, 1.0)}
    assert metrics.by_difficulty == {"easy": Tally(1, 0, 0, 0.0)}


def test_cost_is_unknown_when_any_answer_has_none() -> None:
    """A sum that leaves answers out would be too low: it is unknown instead."""
    known = result("+", "a", cost_usd=0.25)
    assert make_metrics([known, result("-", "b", cost_usd=0.5)]).cost_usd == 0.75
    assert make_metrics([known, result("e", "b")]).cost_usd == 0.25
    assert make_metrics([known, result("+", "b")]).cost_usd is None


def test_tokens_and_latency() -> None:
    """Tokens are summed where counted; percentiles are nearest ranks."""
    results = [result("+", f"q{n}", latency_s=n / 10, prompt_tokens=n) for n in range(1, 21)]
    metrics = make_metrics([*results, result("-", "z", latency_s=2.0)])
    assert metrics.tokens == Tokens(prompt=210, completion=None)
    assert metrics.latency == Latency(p50=1.1, p95=2.0, max=2.0)


def test_result_joins_request_reply_and_score() -> None:
    """What was asked, answered and judged stands in one line."""
    reply = Response("x", "length", 5, 1, 0.5, 0.1, "m")
    made = scored_result(REQUEST, reply, Score(True, 1.0, "exact", "equals 'x'"))
    assert (made.key, made.repeat, made.language) == ("p/q", 2, "fr")
    assert (made.outcome, made.answer, made.targets) == ("pass", "x", ("x", "y"))
    assert (made.finish_reason, made.prompt_tokens, made.model) == ("length", 5, "m")
    assert made.symptoms == ("truncated",)
    assert scored_result(REQUEST, Response(" "), Score(False, 0, None, "")).symptoms == ("empty",)


def test_failure_has_neither_answer_nor_score() -> None:
    """A failed call is an error, one never sent is skipped; neither has a score."""
    failed = failed_result(REQUEST, Failure("timeout", "late"))
    assert (failed.outcome, failed.score, failed.answer) == ("error", None, None)
    assert failed.failure == Failure("timeout", "late")
    assert failed_result(REQUEST, Failure("cancelled", "", attempts=0)).outcome == "skipped"


@given(st.text("+-es", max_size=30))
def test_counts_agree(letters: str) -> None:
    """Every result is counted once, in the whole and in each slice."""
    metrics = make_metrics(report(letters).results)
    assert metrics.n + metrics.errors + metrics.skipped == len(letters)
    assert metrics.passed + metrics.failed == metrics.n
    assert sum(tally.n for tally in metrics.by_language.values()) == metrics.n
    if metrics.n:
        assert metrics.accuracy is not None
        assert math.isclose(metrics.accuracy, metrics.passed / metrics.n, abs_tol=1e-6)


def test_json_report_reads_back_the_same(tmp_path: Path) -> None:
    """Writing and reading a report loses nothing."""
    path = tmp_path / "r.json"
    whole = report("+-es", result("+", "odd", answer="😀 \u202e\x1b[31m\n"))
    path.write_text(to_json(whole), encoding="utf-8")
    assert load_report(path) == whole


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "the file: Invalid JSON"),
        ("[]", "the file: "),
        ("{}", "schema_version: Field required"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str, wanted: str) -> None:
    """A file that is no report is named, with what is wrong and how to get one."""
    path = tmp_path / "r.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BaselineError) as caught:
        load_report(path)
    assert wanted in str(caught.value)
    assert str(caught.value).startswith(f"{path}: not a report of tqb")
    assert "tqb run -o" in str(caught.value)


def test_missing_report(tmp_path: Path) -> None:
    """A file that is not there is said to be not there."""
    with pytest.raises(BaselineError, match="there is no such file"):
        load_report(tmp_path / "none.json")


def test_bad_field_is_named(tmp_path: Path) -> None:
    """One wrong value is reported by its place."""
    data = json.loads(to_json(report("+")))
    data["results"][0]["outcome"] = "great"
    path = tmp_path / "r.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(BaselineError, match=r"results\.0\.outcome: Input should be 'pass'"):
        load_report(path)


def test_report_of_another_version_is_refused(tmp_path: Path) -> None:
    """A report that a later tqb wrote is not read as if it were of today."""
    path = tmp_path / "r.json"
    path.write_text(to_json(report("+")).replace('"1.0"', '"9.9"', 1), encoding="utf-8")
    with pytest.raises(BaselineError, match=r"schema_version: Input should be '1\.0'"):
        load_report(path)
