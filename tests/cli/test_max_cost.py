"""`--max-cost` on the real command line: it stops before it is exceeded, and says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, write_answers, write_items
from tests.openai_server import OpenAIServer, Reply

USAGE = (40, 400)
PAID_USD = (40 * 0.15 + 400 * 0.60) / 1e6
"""What an answer with that usage costs by LiteLLM's price map."""
pytestmark = pytest.mark.litellm

PRICED = ("-m", "openai/gpt-4o-mini", "--max-tokens", 500, "-o", "r.json")


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A bare pack of forty items."""
    items = [{"text": f"Question {n}?", "label": "Paris"} for n in range(40)]
    return write_items(tmp_path / "many.jsonl", *items)


def litellm_at(server: OpenAIServer) -> dict[str, str]:
    return {"OPENAI_API_KEY": "test-key", "OPENAI_BASE_URL": server.url}


def report(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "r.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("most_at_once", [1, 16])
def test_it_stops_before_it_is_exceeded(
    cli: Cli, tmp_path: Path, many: Path, most_at_once: int
) -> None:
    """As many are asked as surely fit; the report has every item, and the verdict agrees."""
    limit = 0.005
    with OpenAIServer(Reply("Paris", usage=USAGE, delay_s=0.01)) as server:
        flags = (*PRICED, "-j", most_at_once, "--max-cost", limit)
        ended = cli("run", many, *flags, env=litellm_at(server))
    assert ended.code == 4, ended.out
    assert ended.out.startswith("BUDGET EXCEEDED  many · openai/gpt-4o-mini · 40 items\n")
    assert "was spent, the next request may cost $0.000" in ended.out
    assert f"and --max-cost {limit} allows no more" in ended.out
    spent = len(server.requests) * PAID_USD
    assert limit - 0.001 < spent <= limit
    made = report(tmp_path)
    assert made["metrics"]["cost_usd"] == pytest.approx(spent)
    outcomes = [r["outcome"] for r in made["results"]]
    assert len(outcomes) == 40
    assert outcomes.count("pass") == len(server.requests)
    assert f"{40 - len(server.requests)} of 40 questions were not asked" in ended.out
    refused = [r["failure"] for r in made["results"] if r["outcome"] == "skipped"]
    assert {(one["kind"], one["attempts"]) for one in refused} == {("refused_by_budget", 0)}
    assert made["verdict"]["exit_code"] == 4


def test_a_limit_that_suffices_is_no_hindrance(cli: Cli, tmp_path: Path, many: Path) -> None:
    """All are asked, and the rule says what the run cost."""
    with OpenAIServer(Reply("Paris", usage=USAGE)) as server:
        ended = cli("run", many, *PRICED, "--max-cost", 0.02, env=litellm_at(server))
    assert ended.code == 0, ended.out
    rule = next(r for r in report(tmp_path)["verdict"]["rules"] if r["name"] == "max-cost")
    assert rule["saw"] == pytest.approx(40 * PAID_USD)


def test_failed_calls_count(cli: Cli, tmp_path: Path, many: Path) -> None:
    """A server that fails after it was paid, as far as anybody knows, cannot run the bill up."""
    with OpenAIServer(Reply(status=500, body={"error": {"message": "oops"}})) as server:
        flags = (*PRICED, "--retry-delay", 0, "--max-cost", 0.005)
        ended = cli("run", many, *flags, env=litellm_at(server))
    assert ended.code == 4, ended.out
    assert "$0 was spent, up to $0.00" in ended.out
    assert 0 < len(server.requests) < 10


@pytest.mark.parametrize("target", ["endpoint", "openai/zz", "cmd:cat"])
def test_a_price_known_to_be_unknown_is_refused_at_once(
    cli: Cli, tmp_path: Path, capitals: Path, target: str
) -> None:
    """Not one request is sent; that is no pass and no other end than 4."""
    with OpenAIServer("Paris") as server:
        spec = f"{server.url}#m" if target == "endpoint" else target
        flags = ("-m", spec, "--max-cost", 5, "-o", "r.json")
        ended = cli("run", capitals, *flags, env=litellm_at(server))
    assert ended.code == 4, ended.out
    assert "the price of this target is unknown, so --max-cost 5 cannot be held" in ended.out
    assert "4 of 4 questions were not asked: nothing was judged" in ended.out
    assert server.requests == []
    made = report(tmp_path)
    assert [r["outcome"] for r in made["results"]] == ["skipped"] * 4
    assert made["metrics"]["cost_usd"] is None


def test_a_price_that_answers_do_not_tell_ends_the_run(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """A function may say what it costs; one that does not is asked once."""
    (tmp_path / "app.py").write_text("def answer(question):\n    return 'Paris'\n", "utf-8")
    flags = ("-m", "python:app:answer", "--max-cost", 1, "-o", "r.json")
    ended = cli("run", capitals, *flags)
    assert ended.code == 4
    assert "the price of this target is unknown" in ended.out
    outcomes = [r["outcome"] for r in report(tmp_path)["results"]]
    assert outcomes == ["pass", "skipped", "skipped", "skipped"]


def test_one_answer_that_costs_too_much_does_not_pass(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """Nobody could know before the first answer; the run says what it cost, and ends in 4."""
    (tmp_path / "app.py").write_text(
        "def answer(question):\n    return {'answer': 'Paris', 'cost_usd': 5}\n", "utf-8"
    )
    ended = cli("run", capitals, "-m", "python:app:answer", "--limit", 1, "--max-cost", 0.5)
    assert ended.code == 4
    assert "the run cost $5.0000, and --max-cost allows $0.5" in ended.out


def test_recorded_answers_cost_nothing(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Whatever they cost then: a limit of nothing lets all of them through."""
    write_answers(tmp_path / "a.jsonl", q1="Paris", q2="Rome", q3="Madrid", q4="Cairo")
    flags = ("-m", "replay:a.jsonl", "--max-cost", 0, "--fail-under", 1)
    ended = cli("run", capitals, *flags)
    assert ended.code == 0, ended.out
    assert "cost $0\n" in ended.out
