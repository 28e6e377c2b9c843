"""Retries, limits and deadlines as the command line shows them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RIGHT, Cli, write_answers, write_items
from tests.openai_server import Body, OpenAIServer, Reply, last_user_turn

BUSY = Reply(status=429, body={"error": {"message": "busy"}}, headers={"Retry-After": "0"})


def report(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "r.json").read_text("utf-8"))
    return found


def knows(body: Body) -> str:
    """The right answer to a question of the pack of capitals."""
    places = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Egypt": "Cairo"}
    return next(town for land, town in places.items() if land in last_user_turn(body))


def test_what_was_repeated_is_in_the_report(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """In words and in sum on the terminal, for each result in the JSON report."""
    asked: Counter[str] = Counter()

    def answer(body: Body) -> Reply | str:
        town = knows(body)
        asked[town] += 1
        if town == "Rome" and asked[town] < 3:
            return BUSY
        if town == "Cairo" and asked[town] < 2:
            return Reply(status=503)
        return town

    with OpenAIServer(answer) as server:
        flags = ("--retry-delay", 0, "--fail-under", 1, "-o", "r.json")
        ended = cli("run", capitals, "-m", f"{server.url}#m", *flags)
    assert ended.code == 0, ended.out
    assert "  calls were repeated 3 times (2 rate_limit, 1 server), 0.0 s waited\n" in ended.out
    made = report(tmp_path)
    assert [result["attempts"] for result in made["results"]] == [1, 3, 1, 2]
    assert made["results"][1]["retried"] == ["rate_limit", "rate_limit"]
    assert made["metrics"]["retries"]["n"] == 3
    assert made["metrics"]["retries"]["by_kind"] == {"rate_limit": 2, "server": 1}


def test_judge_and_confirmation_are_repeated_alike(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """A judge that is busy at first is asked again, and so is an item that seems broken."""
    asked: Counter[str] = Counter()

    def judge(body: Body) -> Reply | str:
        asked["judge"] += 1
        return BUSY if asked["judge"] == 1 else "NO."

    def pipeline(body: Body) -> Reply | str:
        town = knows(body)
        asked[town] += 1
        return BUSY if (town, asked[town]) == ("Rome", 2) else {"Rome": "Oslo"}.get(town, town)

    base = write_answers(tmp_path / "a.jsonl", **RIGHT)
    cli("run", capitals, "--target", base, "-o", "base.json")
    with OpenAIServer(judge) as judging, OpenAIServer(pipeline) as server:
        flags = ("--judge", f"{judging.url}#j", "--baseline", "base.json", "--max-broken", 0)
        how = ("--retry-delay", 0, "--confirm", 1, "-o", "r.json")
        ended = cli("run", capitals, "-m", f"{server.url}#m", *flags, *how)
    assert ended.code == 1, ended.out
    made = report(tmp_path)
    assert made["results"][1]["attempts"] == 3
    assert made["results"][1]["retried"] == ["rate_limit"]
    assert made["confirmation"]["results"][0]["attempts"] == 3
    assert made["metrics"]["retries"]["n"] == 2


def test_deadline_leaves_a_complete_report(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """What is unanswered then is a failed call, not a wrong answer, and too many end in 3."""

    def answer(body: Body) -> Reply | str:
        town = knows(body)
        return town if town == "Paris" else Reply(hang=True)

    with OpenAIServer(answer) as server:
        flags = ("--deadline", 5, "-j", 2, "-o", "r.json")
        ended = cli("run", capitals, "-m", f"{server.url}#m", *flags)
    assert (ended.code, ended.err) == (3, "")
    results = report(tmp_path)["results"]
    assert [result["outcome"] for result in results] == ["pass", "error", "error", "error"]
    assert [result["failure"]["kind"] for result in results[1:]] == ["timeout"] * 3
    assert "timeout: not answered within the run's --deadline of 5 s" in ended.out
    assert "timeout: not asked within the run's --deadline of 5 s" in ended.out


def test_refused_key_stops_the_asking(cli: Cli, tmp_path: Path) -> None:
    """Out of fifty items few are asked; the run ends in 3 and one sentence says what to mend."""
    pack = [{"text": f"{number}?", "label": "x"} for number in range(50)]
    write_items(tmp_path / "many.jsonl", *pack)
    with OpenAIServer(Reply(status=401, body={"error": {"message": "bad key"}})) as server:
        ended = cli(
            *("run", "many.jsonl", "-m", f"{server.url}#m", "-j", 4, "-o", "r.json"),
            env={"TQB_API_KEY": "k-123456"},
        )
    assert ended.code == 3
    assert f'401 from {server.url}: the key in TQB_API_KEY was refused ("bad key")' in ended.out
    assert len(server.requests) <= 6
    made = report(tmp_path)
    assert made["metrics"]["failures"] == {"auth": 50}
    assert sum(result["attempts"] for result in made["results"]) == len(server.requests)


def test_refused_key_of_the_judge_is_no_pass(cli: Cli, tmp_path: Path) -> None:
    """Answers that went to no judge, because it refuses all, count as failed calls."""
    pack = [{"text": f"{number}?", "label": "x"} for number in range(50)]
    write_items(tmp_path / "many.jsonl", *pack)
    rows = [{"id": f"q{number}", "answer": "y"} for number in range(1, 51)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with OpenAIServer(Reply(status=401)) as server:
        judge = ("--judge", f"{server.url}#j", "-j", 2)
        ended = cli("run", "many.jsonl", "-m", "replay:a.jsonl", *judge)
    assert ended.code == 3
    assert len(server.requests) <= 4


FLAKY = """
from tqb.errors import CallError
asked = set()
def answer(question):
    if question not in asked:
        asked.add(question)
        raise CallError("server", "warming up", {declared})
    return "Paris"
"""


@pytest.mark.parametrize(
    ("declared", "attempts"), [("retryable=True", 2), ("retry_after=0.01", 2), ("None", 1)]
)
def test_functions_are_called_again_where_they_say_so(
    cli: Cli, tmp_path: Path, capitals: Path, declared: str, attempts: int
) -> None:
    """A function's failure is its last word, unless it declares that it may pass."""
    (tmp_path / "app.py").write_text(FLAKY.format(declared=declared), "utf-8")
    flags = ("--limit", 1, "--retry-delay", 0, "-o", "r.json")
    ended = cli("run", capitals, "--target", "python:app:answer", *flags)
    assert ended.code == (0 if attempts == 2 else 3)
    assert report(tmp_path)["results"][0]["attempts"] == attempts


@pytest.mark.parametrize(("status", "attempts"), [(75, 2), (1, 1)])
def test_programs_are_run_again_where_they_say_so(
    cli: Cli, tmp_path: Path, capitals: Path, status: int, attempts: int
) -> None:
    """Exit status 75, EX_TEMPFAIL, asks for it; any other is the program's last word."""
    source = f"""
import pathlib, sys
seen = pathlib.Path("seen")
if not seen.exists():
    seen.touch()
    sys.exit({status})
print("Paris")
"""
    (tmp_path / "flaky.py").write_text(source, "utf-8")
    flags = ("--limit", 1, "--retry-delay", 0, "-o", "r.json")
    ended = cli("run", capitals, "--target", "cmd:python flaky.py", *flags)
    assert ended.code == (0 if attempts == 2 else 3), ended.out
    assert report(tmp_path)["results"][0]["attempts"] == attempts
