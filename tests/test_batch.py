"""`--batch`: all questions go to the provider at once, over OpenAI's Files and Batches API."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.batch_server import BatchServer, Desk
from tests.conftest import Cli, bare_environment
from tests.openai_server import Body, Reply, last_user_turn
from tests.test_matrix import TRUE
from tests.test_shards import read, timeless

pytestmark = pytest.mark.litellm

MODEL = "openai/gpt-4o-mini"


def true(body: Body) -> Reply:
    return Reply(TRUE.get(last_user_turn(body), "?"), usage=(100, 10))


def singly(server: BatchServer) -> list[str]:
    """The questions that were asked one by one."""
    return [last_user_turn(one.body) for one in server.requests if "messages" in one.body]


def env_of(server: BatchServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "none"}


def run(cli: Cli, server: BatchServer, *flags: object) -> Any:
    return cli("run", *flags, "-m", MODEL, env=env_of(server))


def test_a_batch_is_a_run(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """The report is that of a run one by one, but for times, what it cost, and where it is from."""
    with BatchServer(true) as server:
        assert run(cli, server, capitals, "-o", "one.json").code == 0
        before = len(singly(server))
        ended = run(cli, server, capitals, "--batch", "-o", "batch.json", "--seed", 7)
        assert len(singly(server)) == before == 4
    assert ended.code == 0, ended.out + ended.err
    assert "4 answers from a batch, 0 asked one by one" in ended.out
    assert "batch batch_1: completed, 4 of 4 requests answered" in ended.err
    made, other = read(tmp_path / "batch.json"), read(tmp_path / "one.json")
    assert [r["answer"] for r in made["results"]] == [r["answer"] for r in other["results"]]
    assert {r["source"] for r in made["results"]} == {"batch"}
    assert made["metrics"]["latency"] is None
    assert made["metrics"]["cost_usd"] == pytest.approx(other["metrics"]["cost_usd"] / 2)
    assert timeless(made["metrics"]["by_pack"]) == timeless(other["metrics"]["by_pack"])
    lines = server.desk.batches["batch_1"].lines
    assert len({line["custom_id"] for line in lines}) == 4
    assert {line["url"] for line in lines} == {"/v1/chat/completions"}
    body = next(one for one in lines if "France" in last_user_turn(one["body"]))["body"]
    assert (body["model"], body["seed"], body["max_tokens"]) == ("gpt-4o-mini", 7, 1024)
    assert not list((tmp_path / ".tqb").glob("*batch*"))


def test_what_a_batch_leaves_out(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """An expired batch keeps what it has; the rest is asked one by one, and so is what failed."""
    desk = Desk(ending="expired", left_out=["Italy?"], refused=["Spain?"])
    with BatchServer(true, desk) as server:
        ended = run(cli, server, capitals, "--batch", "--fail-under", 1, "-o", "r.json")
        assert sorted(singly(server)) == ["Capital of Italy?", "Capital of Spain?"]
    assert ended.code == 0, ended.out + ended.err
    assert "2 answers from a batch, 2 asked one by one" in ended.out
    sources = [result["source"] for result in read(tmp_path / "r.json")["results"]]
    assert sources == ["batch", "target", "target", "batch"]


def test_answers_with_line_ends_of_their_own(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """What Unicode takes for the end of a line is no end of a line of the batch."""
    said = "Paris\u2028Rome\x85Madrid\x0bCairo\nand so on"
    with BatchServer(said) as server:
        run(cli, server, capitals, "--batch", "-o", "r.json")
        assert not singly(server)
    assert {r["answer"] for r in read(tmp_path / "r.json")["results"]} == {said}


def test_a_batch_that_fails(cli: Cli, capitals: Path) -> None:
    """What the provider says is passed on, and all is asked one by one."""
    with BatchServer(true, Desk(ending="failed")) as server:
        ended = run(cli, server, capitals, "--batch", "--fail-under", 1)
        assert len(singly(server)) == 4
    assert ended.code == 0
    assert "batch batch_1 failed: the file is too long" in ended.err


def test_broken_items_are_asked_again_one_by_one(cli: Cli, capitals: Path) -> None:
    """The confirmation does not wait another day."""
    with BatchServer(true) as server:
        assert run(cli, server, capitals).code == 0
        assert cli("baseline", "accept").code == 0
    with BatchServer(lambda body: "Oslo") as server:
        flags = ("--batch", "--baseline", "tqb-baseline.jsonl", "--confirm-limit", 12)
        ended = run(cli, server, capitals, *flags)
        assert ended.code == 1
        assert len(server.desk.batches) == 1
        assert singly(server).count("Capital of France?") == 3


def test_a_deadline_and_another_machine(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """A batch that takes longer is no verdict; it is taken up here by itself, there by its id."""
    with BatchServer(true, Desk(looks=4)) as server:
        ended = run(cli, server, capitals, "--batch", "--deadline", 0.5)
        assert ended.code == 3
        assert "the batch has not ended yet: the same command takes it up" in ended.out
        ended = run(cli, server, capitals, "--batch", "--fail-under", 1)
        assert ended.code == 0, ended.out + ended.err
        other = tmp_path / "other"
        other.mkdir()
        (other / capitals.name).write_bytes(capitals.read_bytes())
        ended = cli(
            *("run", capitals.name, "-m", MODEL, "--batch-id", "batch_1", "--fail-under", 1),
            env=env_of(server),
            cwd=other,
        )
        assert ended.code == 0, ended.out + ended.err
        assert len(server.desk.batches) == 1
        assert not singly(server)


def test_a_batch_of_another_run(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """What was submitted for other questions is not taken for these."""
    with BatchServer(true, Desk(looks=9)) as server:
        assert run(cli, server, capitals, "--batch", "--deadline", 0.5).code == 3
        ended = run(cli, server, capitals, "--batch", "--limit", 2)
        assert (ended.code, ended.out) == (2, "")
        assert "journal-batch.json: batch_1 was submitted for another run" in ended.err
        server.desk.looks = 1
        (tmp_path / ".tqb" / "journal-batch.json").unlink()
        ended = run(cli, server, capitals, "--batch-id", "batch_1", "--max-tokens", 9)
        assert ended.code == 2
        assert "--batch-id batch_1: has no answer to these questions" in ended.err
        ended = run(cli, server, capitals, "--batch-id", "batch_77")
        assert ended.code == 3
        assert not singly(server)


def test_a_key_that_is_wrong(cli: Cli, capitals: Path) -> None:
    """A batch that cannot be submitted is no verdict, and nothing is asked in its place."""

    class Closed(BatchServer):
        async def _handle(self, request: Any) -> Any:
            from aiohttp import web

            return web.json_response({"error": {"message": "wrong key"}}, status=401)

    with Closed(true) as server:
        ended = run(cli, server, capitals, "--batch")
    assert ended.code == 3
    assert "4 × auth: the batch: 401 from " in ended.out


def test_a_budget(cli: Cli, capitals: Path) -> None:
    """A batch that could cost more than allowed is not submitted."""
    with BatchServer(true) as server:
        ended = run(cli, server, capitals, "--batch", "--max-cost", 0.000_001)
        assert (ended.code, ended.out) == (2, "")
        assert "the batch could cost $" in ended.err
        assert run(cli, server, capitals, "--batch", "--max-cost", 0.1).code == 0
        assert len(server.desk.batches) == 1


@pytest.mark.parametrize("target", ["demo", "http://localhost:1/v1#m", "anthropic/claude-x"])
def test_targets_without_batches(cli: Cli, target: str) -> None:
    """They are refused in a sentence."""
    ended = cli("run", "-m", target, "--batch", env={"ANTHROPIC_API_KEY": "none"})
    assert (ended.code, ended.out) == (2, "")
    assert "has no batches: it takes a LiteLLM model" in ended.err


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_an_interruption(tmp_path: Path, capitals: Path) -> None:
    """Ctrl-C leaves the batch where it is, and the same command takes it up."""
    with BatchServer(true, Desk(looks=3)) as server:
        command = [sys.executable, "-m", "tqb", "run", str(capitals), "-m", MODEL, "--batch"]
        env = bare_environment(**env_of(server))
        process = subprocess.Popen(
            command, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        while not server.desk.batches:
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
        assert subprocess.call(command, cwd=tmp_path, env=env) == 0
        assert len(server.desk.batches) == 1
        assert not singly(server)
