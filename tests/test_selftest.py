"""`tqb selftest`: a pipeline is broken on purpose, and it is told what its gate would catch."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests import sick_servers as sick
from tests.conftest import Cli, write_items
from tests.openai_server import Body, OpenAIServer, Reply
from tqb.selftest.faults import in_another_script, on_the_way_in

PROMPT = """\
- {role: system, content: "You are a patient librarian who answers in very few words."}
- {role: user, content: "Here is what I would like to know. {{ input }} Thank you."}
"""
WAY_IN = {fault.name for fault in on_the_way_in()}


def numbered(tmp_path: Path) -> Path:
    """A pack of sixteen questions, each with an answer of its own."""
    rows = [
        {"text": f"{'Please. ' * n}What is word number {n}?", "label": word}
        for n, word in enumerate(sick.NUMBERED)
    ]
    return write_items(tmp_path / "words.jsonl", *rows)


def hot_or_not(body: Body) -> Reply:
    """Answer rightly, but for every other question at a high temperature."""
    reply = sick.reply_to(body)
    number = re.search(r"word number (\d+)", body["messages"][-1]["content"])
    if body.get("temperature", 0) > 1 and number and int(number[1]) % 2:
        return Reply("a purple elephant", usage=reply.usage)
    return reply


def trials(path: Path) -> dict[str, dict[str, Any]]:
    made = json.loads(path.read_text("utf-8"))
    return {trial["fault"]: trial for trial in made["trials"]}


def test_a_live_pipeline_is_broken_in_every_way(cli: Cli, tmp_path: Path) -> None:
    """Each fault but one is caught or diagnosed, at the requests that the dry run says.

    Answers without a letter beyond ASCII cannot show mojibake: that is missed, and it is said which
    pack would catch it.
    """
    pack = numbered(tmp_path)
    (tmp_path / "prompt.yaml").write_text(PROMPT, "utf-8")
    with OpenAIServer(hot_or_not) as server:
        flags = (pack, "-m", f"{server.url}#m", "--prompt", "prompt.yaml", "--confirm", 0)
        planned = cli("selftest", *flags, "--dry-run")
        assert (planned.code, server.connections) == (0, 0)
        ended = cli("selftest", *flags, "-o", "selftest.json")
        assert f"in all {len(server.requests)} requests;" in planned.out
    assert ended.code == 1, ended.out + ended.err
    assert ended.out.startswith("1 MISSED  words · ")
    made = trials(tmp_path / "selftest.json")
    outcomes = {name: trial["outcome"] for name, trial in made.items()}
    assert [name for name, outcome in outcomes.items() if outcome == "missed"] == ["mojibake"]
    assert set(outcomes.values()) == {"caught", "diagnosed", "missed"}
    assert "canary-tokenizer" in made["mojibake"]["why"]
    assert outcomes["question-lost"] == outcomes["temperature-1.5"] == "caught"
    assert made["prompt-doubled"]["diagnosis"].startswith("template: ")
    assert made["system-prompt-lost"]["diagnosis"].startswith("template: ")
    assert made["stale-cache"]["diagnosis"] == "infrastructure: answers-swapped"
    assert {name for name, trial in made.items() if trial["requests"]} == WAY_IN


def test_recorded_answers_take_faults_on_the_way_out_alone(cli: Cli) -> None:
    """The demo: what would change the request is skipped and said to be, the rest is caught."""
    ended = cli("selftest", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "NONE MISSED  core-en · demo · 52 items, 42 passing · 52 questions asked\n"
    lines = cli("selftest", "--dry-run").out.splitlines()
    skipped = [line for line in lines if "skipped: " in line]
    assert len(skipped) == len(WAY_IN)
    assert all("the answers are recorded" in line for line in skipped)


def test_what_a_target_cannot_see_is_not_injected(cli: Cli, tmp_path: Path) -> None:
    """A program gets the question alone: no system prompt of ours, no temperature can be lost."""
    planned = cli("selftest", numbered(tmp_path), "--target", "cmd:cat", "--dry-run").out
    assert "3 faults on the way in" in planned
    for name in ("template-lost", "system-prompt-lost", "temperature-1.5"):
        assert f"skipped: {name}: it changes nothing that is asked" in planned


APP = """\
def answer(question):
    with open("calls.txt", "a") as calls:
        calls.write("x")
    return {"answer": "I do not know.", "cost_usd": 0.01}
"""


def test_a_pipeline_that_fails_anyway_teaches_nothing(cli: Cli, tmp_path: Path) -> None:
    """Where the healthy run does not pass, nothing is broken on purpose, and the end is 3."""
    (tmp_path / "app.py").write_text(APP, "utf-8")
    flags = ("--target", "python:app:answer", "--fail-under", 0.5)
    ended = cli("selftest", numbered(tmp_path), *flags)
    assert ended.code == 3
    assert ended.out.startswith("UNHEALTHY  words · python:app:answer · 16 items, 0 passing")
    assert "accuracy" in ended.out
    assert len((tmp_path / "calls.txt").read_text("utf-8")) == 16


def test_one_budget_holds_for_the_whole(cli: Cli, tmp_path: Path) -> None:
    """What healthy run and faults cost together stays within --max-cost, and the end is 4."""
    app = APP.replace('"I do not know."', 'question.split()[-1].rstrip("?")')
    (tmp_path / "app.py").write_text(app, "utf-8")
    pack = write_items(
        tmp_path / "p.jsonl",
        *({"text": f"Which word is number {n}?", "label": f"{n}"} for n in range(10, 18)),
    )
    ended = cli("selftest", pack, "--target", "python:app:answer", "--max-cost", 0.1)
    assert ended.code == 4, ended.out
    assert ended.out.startswith("BUDGET EXCEEDED")
    assert 8 < len((tmp_path / "calls.txt").read_text("utf-8")) <= 10


def test_another_script() -> None:
    """Latin text comes out in Cyrillic, other text in Latin; digits and marks stay."""
    assert in_another_script("Paris, 1889!") == "Парис, 1889!"
    assert in_another_script("Москва").isascii()


def test_a_fault_that_changes_nothing_is_not_missed(cli: Cli, tmp_path: Path) -> None:
    """A function that never reads the system prompt answers as before without it."""
    (tmp_path / "app.py").write_text(
        "def answer(messages):\n    return messages[-1]['content'].split()[-1].rstrip('?')\n",
        "utf-8",
    )
    pack = write_items(
        tmp_path / "p.jsonl",
        *({"text": f"Which word is number {n}?", "label": f"{n}"} for n in range(10, 18)),
    )
    cli("selftest", pack, "--target", "python:app:answer", "-o", "selftest.json")
    made = trials(tmp_path / "selftest.json")
    assert made["template-lost"]["outcome"] == "no effect"
    assert made["system-prompt-lost"]["outcome"] == "skipped"
    assert made["system-prompt-lost"]["why"] == "with this prompt it is template-lost"
    assert made["question-lost"]["outcome"] == "caught"
