"""`--per-request`: several questions in one request, each scored by itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import CAPITALS, Cli, Write, write_items
from tests.openai_server import Body, OpenAIServer, Reply, last_user_turn
from tests.test_shards import read
from tqb.together import take_apart
from tqb.types import Response

TRUE = {item["text"]: item["label"] for item in CAPITALS}
TASK = re.compile(r"^Task (\d+):\n(.+?)(?=\n\nTask \d+:\n|\Z)", re.MULTILINE | re.DOTALL)


def tasks(body: Body) -> dict[str, str]:
    """The questions of a request by number; none where it has one alone."""
    return dict(TASK.findall(last_user_turn(body)))


def true(body: Body) -> Reply:
    asked = tasks(body)
    if not asked:
        return Reply(TRUE[last_user_turn(body)], usage=(30, 2))
    lines = [f"{number}: {TRUE[question]}" for number, question in asked.items()]
    return Reply("\n".join(lines), usage=(30 + 10 * len(asked), 2 * len(asked) + 1))


def shape(server: OpenAIServer) -> list[int]:
    """How many questions each request had."""
    return [len(tasks(one.body)) or 1 for one in server.requests]


def run(cli: Cli, server: OpenAIServer, *flags: object) -> Any:
    return cli("run", *flags, "-m", f"{server.url}#m", "-o", "run.json", "-j", 1)


def test_each_question_is_scored_by_itself(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Four questions go out in two requests, whose tokens are shared out to the last one."""
    with OpenAIServer(true) as server:
        ended = run(cli, server, capitals, "--per-request", 3)
    assert ended.code == 0, ended.out + ended.err
    assert shape(server) == [3, 1]
    assert server.requests[0].body["max_tokens"] == 3 * server.requests[1].body["max_tokens"]
    made = read(tmp_path / "run.json")
    assert [one["answer"] for one in made["results"]] == ["Paris", "Rome", "Madrid", "Cairo"]
    assert [one["prompt_tokens"] for one in made["results"]] == [20, 20, 20, 30]
    assert [one["completion_tokens"] for one in made["results"]] == [3, 2, 2, 2]
    assert made["run"]["params"]["per_request"] == 3
    journal = (tmp_path / ".tqb" / "journal.jsonl").read_text("utf-8").splitlines()
    assert len(journal) == 1 + 4


def test_what_is_left_out_is_asked_by_itself(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """A question without an answer of its own is asked again alone, and pays for both."""

    def forgetful(body: Body) -> Reply:
        reply = true(body)
        return Reply(reply.content.replace("2: Rome\n", ""), usage=reply.usage)

    with OpenAIServer(forgetful) as server:
        ended = run(cli, server, capitals, "--per-request", 4)
    assert ended.code == 0, ended.out + ended.err
    assert shape(server) == [4, 1]
    made = read(tmp_path / "run.json")
    assert [one["prompt_tokens"] for one in made["results"]] == [18, 18 + 30, 17, 17]
    assert {one["outcome"] for one in made["results"]} == {"pass"}


@pytest.mark.parametrize(
    ("reply", "asked"),
    [
        (Reply("Paris, Rome, Madrid and Cairo"), [4, 1, 1, 1, 1]),
        (Reply("1: Paris\n2: Rome\n2: Oslo\n3: Madrid\n4: Cairo"), [4, 1, 1, 1, 1]),
        (Reply("2: Rome\n1: Paris\n3: Madrid\n4: Cairo"), [4, 1, 1, 1, 1]),
        (Reply("1: Paris\n2: Rome\n3: Mad", finish_reason="length"), [4, 1, 1]),
        (Reply("", finish_reason="content_filter"), [4, 1, 1, 1, 1]),
        (Reply(status=400, body={"error": {"message": "too long"}}), [4, 1, 1, 1, 1]),
        (Reply("<think>\n1: Oslo?\n</think>**1.** Paris\n**2.** Rome\n3) Madrid\n4：Cairo"), [4]),
        (Reply("Here you go:\n\nTask 1: Paris\nTask 2: Rome\n- 3: Madrid\n4:Cairo\n"), [4]),
    ],
)
def test_a_reply_that_is_not_as_told(
    cli: Cli, tmp_path: Path, capitals: Path, reply: Reply, asked: list[int]
) -> None:
    """No question gets another's answer, nor half of its own: where in doubt it is asked alone."""
    with OpenAIServer(lambda body: reply if tasks(body) else true(body)) as server:
        ended = run(cli, server, capitals, "--per-request", 4)
    assert ended.code == 0, ended.out + ended.err
    assert shape(server) == asked
    made = read(tmp_path / "run.json")
    assert [one["answer"] for one in made["results"]] == ["Paris", "Rome", "Madrid", "Cairo"]


def test_a_failed_request_fails_all_its_questions(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """A server that is down brings no wrong answer: all questions of the request have failed."""
    down = Reply(status=500, body={"error": {"message": "out of order"}})
    with OpenAIServer(lambda body: down if len(tasks(body)) == 3 else true(body)) as server:
        ended = run(cli, server, capitals, "--per-request", 3, "--retries", 1, "--retry-delay", 0)
    assert ended.code == 3, ended.out + ended.err
    assert shape(server).count(3) == 2
    made = read(tmp_path / "run.json")
    assert [one["outcome"] for one in made["results"]] == ["error", "error", "error", "pass"]


def test_only_like_goes_with_like(cli: Cli, tmp_path: Path) -> None:
    """Repeats of an item, and prompts with other instructions, are never on one sheet."""
    items = [{**one, "lang": lang} for one in CAPITALS for lang in ("en", "fr")]
    pack = write_items(tmp_path / "pack.jsonl", *items)
    prompt = tmp_path / "prompt.yaml"
    prompt.write_text(
        '- {role: system, content: "Language: {{ language }}"}\n'
        '- {role: user, content: "{{ input }}"}\n'
    )
    with OpenAIServer(true) as server:
        ended = run(cli, server, pack, "--per-request", 9, "--repeats", 2, "--prompt", prompt)
    assert ended.code == 0, ended.out + ended.err
    assert shape(server) == [4, 4, 4, 4]
    for one in server.requests:
        assert len(set(tasks(one.body).values())) == 4
    systems = [one.body["messages"][0]["content"] for one in server.requests]
    assert sorted(systems) == ["Language: en"] * 2 + ["Language: fr"] * 2


def test_answers_in_company_are_not_answers_alone(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """What is kept of one way of asking is not given for the other, and a baseline tells."""
    with OpenAIServer(true) as server:
        assert run(cli, server, capitals, "--record", "tape").code == 0
        asked = len(server.requests)
        assert run(cli, server, capitals, "--per-request", 4, "--record", "tape").code == 0
        assert shape(server)[asked:] == [4]
        together = (capitals, "--per-request", 4, "--record", "tape", "--offline")
        assert run(cli, server, *together).code == 0
        assert cli("baseline", "accept", "run.json").code == 0
        ended = run(cli, server, capitals, "--baseline", "tqb-baseline.jsonl")
    assert "per_request is 1, in the baseline it was 4" in ended.out
    shown = cli("baseline", "show", "tqb-baseline.jsonl")
    assert "4 questions a request" in shown.out


def test_your_own_pipeline(cli: Cli, capitals: Path, write_module: Write) -> None:
    """A function gets the whole sheet as one question; recorded answers know no sheets."""
    write_module(
        "app.py", "def answer(question):\n    return '1: Paris\\n2: Rome\\n3: Madrid\\n4: Cairo'\n"
    )
    ended = cli("run", capitals, "-m", "python:app:answer", "--per-request", 4)
    assert ended.out.startswith("PASS"), ended.out + ended.err
    assert "4 of 4 right" in ended.out
    assert cli("run", "--per-request", 4).code == 0


def test_it_goes_with_no_batch(cli: Cli, capitals: Path) -> None:
    """A batch has a question to each request."""
    ended = cli("run", capitals, "-m", "openai/gpt-4o-mini", "--batch", "--per-request", 2)
    assert (ended.code, ended.out) == (2, "")
    assert "--per-request: a batch has one question to a request" in ended.err


def test_what_it_would_take(cli: Cli, capitals: Path) -> None:
    """A dry run counts sheets, and what may have to be asked one by one."""
    target = ("-m", "http://127.0.0.1:9/v1#m", "--dry-run", "--retries", 0)
    ended = cli("run", capitals, *target, "--per-request", 4)
    assert ended.code == 0, ended.err
    assert re.search(r"target +1 ", ended.out), ended.out
    assert re.search(r"one by one +0 – 4 ", ended.out), ended.out


NUMBERED = re.compile(r"\W*(?:task|answer)?\s*\d", re.IGNORECASE)
LINE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1
).filter(lambda line: line.strip() != "" and not NUMBERED.match(line))


@given(st.lists(LINE, min_size=1, max_size=20))
def test_answers_come_back_as_they_were(lines: list[str]) -> None:
    """Whatever stands in answers of one line each, they are taken apart as they were put down."""
    text = "\n".join(f"{n}: {line}" for n, line in enumerate(lines, 1))
    found = take_apart(Response(text), len(lines))
    assert [answer.split() for answer in found.values()] == [line.split() for line in lines]


@given(st.text(), st.integers(2, 30))
def test_any_reply_is_taken_apart(text: str, of: int) -> None:
    """Of any text come answers to some of the tasks, in order, each a part of it."""
    found = take_apart(Response(text), of)
    assert list(found) == sorted(found)
    assert all(1 <= number <= of and answer and answer in text for number, answer in found.items())
    assert json.dumps(found)
