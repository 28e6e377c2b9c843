"""The cache: the answer of an earlier run, where that was asked for and not too long ago."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.openai_server import OpenAIServer
from tests.runner.fake import requests
from tqb.memory import Cache
from tqb.types import Response

PLACE = Path("xdg/tqb/answers.sqlite3")


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer("Paris") as running:
        yield running


def run(cli: Cli, tmp_path: Path, capitals: Path, server: OpenAIServer, *flags: object) -> str:
    """Run the pack and return what was printed."""
    target = () if "-m" in flags else ("-m", f"{server.url}#m")
    ended = cli(
        "run",
        capitals,
        *target,
        "-o",
        "r.json",
        *flags,
        env={"XDG_CACHE_HOME": str(tmp_path / "xdg")},
    )
    assert ended.code in (0, 1), ended.err
    return ended.out + ended.err


def test_a_second_run_asks_nothing(
    cli: Cli, tmp_path: Path, capitals: Path, server: OpenAIServer
) -> None:
    """Hits and misses are printed; the answers cost nothing now."""
    assert "cache: 0 hits, 4 misses" in run(cli, tmp_path, capitals, server, "--cache")
    assert "cache: 4 hits, 0 misses" in run(cli, tmp_path, capitals, server, "--cache")
    assert len(server.requests) == 4
    made = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert made["metrics"]["cost_usd"] == 0
    assert {result["source"] for result in made["results"]} == {"cache"}


def test_it_is_off_unless_asked_for(
    cli: Cli, tmp_path: Path, capitals: Path, server: OpenAIServer
) -> None:
    """A gate sees today's model; nothing is written either."""
    run(cli, tmp_path, capitals, server)
    run(cli, tmp_path, capitals, server, "--no-cache")
    assert len(server.requests) == 8
    assert not (tmp_path / "xdg").exists()


def test_an_old_answer_is_asked_again(
    cli: Cli, tmp_path: Path, capitals: Path, server: OpenAIServer
) -> None:
    """--cache-days says what is old."""
    run(cli, tmp_path, capitals, server, "--cache")
    with sqlite3.connect(tmp_path / PLACE) as database:
        database.execute("UPDATE answers SET at = ?", (time.time() - 2 * 86_400,))
    database.close()
    said = run(cli, tmp_path, capitals, server, "--cache", "--cache-days", 3)
    assert "cache: 4 hits, 0 misses" in said
    said = run(cli, tmp_path, capitals, server, "--cache", "--cache-days", 1)
    assert "cache: 0 hits, 4 misses" in said


def test_parameters_make_another_key(
    cli: Cli, tmp_path: Path, capitals: Path, server: OpenAIServer
) -> None:
    """So does the model; the time allowed does not."""
    run(cli, tmp_path, capitals, server, "--cache")
    assert "0 hits" in run(cli, tmp_path, capitals, server, "--cache", "--temperature", 1)
    assert "0 hits" in run(cli, tmp_path, capitals, server, "--cache", "-m", f"{server.url}#n")
    assert "4 hits" in run(cli, tmp_path, capitals, server, "--cache", "--timeout", 9)


def test_a_confirmation_is_never_cached(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """What seems broken is asked anew, whatever the cache holds."""
    wrong = False
    with OpenAIServer(lambda body: "Oslo" if wrong else "Paris") as server:
        run(cli, tmp_path, capitals, server, "-o", "base.json", "--limit", 1)
        wrong = True
        flags = ("--cache", "--baseline", "base.json", "--limit", 1)
        first = run(cli, tmp_path, capitals, server, *flags)
        second = run(cli, tmp_path, capitals, server, *flags)
    assert "cache: 0 hits, 2 misses" in first
    assert "cache: 1 hits, 1 misses" in second
    assert len(server.requests) == 1 + (1 + 1) + 1


def test_a_broken_cache_is_set_aside(
    cli: Cli, tmp_path: Path, capitals: Path, server: OpenAIServer
) -> None:
    """With a word, and the run goes on with a new one."""
    (tmp_path / PLACE).parent.mkdir(parents=True)
    (tmp_path / PLACE).write_bytes(b"no database" * 1000)
    said = run(cli, tmp_path, capitals, server, "--cache")
    assert "is broken; set aside as answers.sqlite3.broken" in said
    assert "cache: 4 hits, 0 misses" in run(cli, tmp_path, capitals, server, "--cache")


def test_a_cache_that_cannot_be_used_costs_no_run(
    cli: Cli, tmp_path: Path, capitals: Path, server: OpenAIServer
) -> None:
    """It says so and asks."""
    (tmp_path / "xdg").write_text("in the way", "utf-8")
    said = run(cli, tmp_path, capitals, server, "--cache")
    assert "this run goes on without --cache" in said
    assert len(server.requests) == 4


def test_runs_side_by_side_lose_nothing(tmp_path: Path) -> None:
    """Writers of one file wait for each other."""
    path = tmp_path / "answers.sqlite3"
    asked = requests(40)

    def write(part: int) -> None:
        cache = Cache(path, 1)
        for request in asked[part::4]:
            cache.keep("t", request, Response(request.item.id))
        cache.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    cache = Cache(path, 1)
    found = [cache.recall("t", request) for request in asked]
    cache.close()
    assert [response.answer for response in found if response] == [r.item.id for r in asked]
