"""Runs that are too large for memory: their records go to disk, and all else is as ever."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Cli, Write, start
from tests.openai_server import OpenAIServer, Reply
from tests.test_shards import read
from tqb.spool import BLOCK, MOST_IN_MEMORY, Spool, spooled

SIZE = MOST_IN_MEMORY + 2 * BLOCK + 7
"""Items of a run that goes to disk."""
WRONG = 1000
"""Of so many answers one is wrong."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large pack, and answers to it."""
    made = tmp_path_factory.mktemp("large")
    items = (
        {"id": f"q{n}", "text": f"What is {n}?", "label": f"{n}", "lang": "en"} for n in range(SIZE)
    )
    (made / "pack.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    answers = ({"id": f"q{n}", "answer": f"{n + (n % WRONG == 1)}"} for n in range(SIZE))
    (made / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))
    return made


def test_a_large_run(cli: Cli, folder: Path, tmp_path: Path) -> None:
    """Every item is there once and in order, each figure counts all, and a baseline compares."""
    run = ("run", folder / "pack.jsonl", "-m", f"replay:{folder / 'answers.jsonl'}", "--quiet")
    ended = cli(*run, "-o", "run.json", "--fail-under", 0.5)
    assert ended.code == 0, ended.out + ended.err
    assert f"· {SIZE:,} items" in ended.out
    made = read(tmp_path / "run.json")
    wrong = len(range(1, SIZE, WRONG))
    assert [one["item_id"] for one in made["results"]] == [f"q{n}" for n in range(SIZE)]
    assert (made["metrics"]["n"], made["metrics"]["failed"]) == (SIZE, wrong)
    assert made["metrics"]["by_pack"]["pack"]["n"] == SIZE
    assert made["comparison"]["counts"] == {"new": SIZE}
    assert len(made["comparison"]["items"]) == SIZE
    assert cli("baseline", "accept", "run.json").code == 0
    again = cli(*run, "--baseline", "tqb-baseline.jsonl")
    assert again.code == 0, again.out + again.err
    assert f"none of {SIZE - wrong:,} items that passed before now fails" in again.out.replace(
        f"{SIZE - wrong} ", f"{SIZE - wrong:,} "
    )


def test_an_id_that_is_taken(cli: Cli, folder: Path, tmp_path: Path) -> None:
    """Of a large pack too the line is named on which an id comes again."""
    text = (folder / "pack.jsonl").read_text()
    (tmp_path / "twice.jsonl").write_text(text + text.splitlines()[4] + "\n")
    ended = cli("run", "twice.jsonl")
    assert (ended.code, ended.out) == (2, "")
    assert f"twice.jsonl:{SIZE + 1}: id 'q4' is taken by line 5; give another" in ended.err


def test_what_ends_the_asking_ends_it_for_all(cli: Cli, folder: Path, tmp_path: Path) -> None:
    """A key that is refused is not tried with every stretch of a large run."""
    refused = Reply(status=401, body={"error": {"message": "no such key"}})
    with OpenAIServer(refused) as server:
        ended = cli("run", folder / "pack.jsonl", "-m", f"{server.url}#m", "-o", "run.json", "-q")
        assert len(server.requests) < 100
    assert ended.code == 3, ended.out + ended.err
    made = read(tmp_path / "run.json")
    assert made["metrics"]["errors"] == SIZE
    assert sum(one["attempts"] for one in made["results"]) < 100


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_a_large_run_is_interrupted_and_resumed(
    cli: Cli, folder: Path, tmp_path: Path, write_module: Write
) -> None:
    """Ctrl-C in the second stretch keeps all answers; --resume asks the rest, and no more."""
    write_module(
        "app.py",
        "from pathlib import Path\n\nasked = Path('asked').open('a')\n\n\n"
        "def answer(question):\n    print(question, file=asked, flush=True)\n"
        "    return question.split()[-1].rstrip('?')\n",
    )
    command = ("run", folder / "pack.jsonl", "-m", "python:app:answer", "--quiet", "-o", "run.json")
    process = start(tmp_path, *command)
    asked = tmp_path / "asked"
    deadline = time.monotonic() + 60
    while not asked.exists() or asked.read_text().count("\n") < MOST_IN_MEMORY + 50:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    made = read(tmp_path / "run.json")
    assert len(made["results"]) == SIZE
    assert MOST_IN_MEMORY < made["metrics"]["n"] < SIZE
    ended = cli(*command, "--resume")
    assert ended.code == 0, ended.out + ended.err
    assert read(tmp_path / "run.json")["metrics"]["passed"] == SIZE
    assert SIZE <= asked.read_text().count("\n") <= SIZE + 16


@given(st.integers(0, 3 * BLOCK), st.data())
def test_a_spool_is_a_sequence(more: int, data: st.DataObject) -> None:
    """On disk as in memory it has what was put in, at the places where it was put."""
    n = MOST_IN_MEMORY - BLOCK + more
    kept: Sequence[int] = spooled(range(n))
    assert isinstance(kept, tuple) is (n <= MOST_IN_MEMORY)
    assert len(kept) == n
    place = data.draw(st.integers(-n, n - 1))
    assert kept[place] == range(n)[place]
    start, stop = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    assert tuple(kept[start:stop]) == tuple(range(start, stop))
    with pytest.raises(IndexError):
        kept[n]


def test_a_spool_is_read_by_several_at_once() -> None:
    """Readers that take turns each get all of it, and it may grow between them."""
    kept: Spool[int] = Spool()
    kept.extend(range(SIZE))
    assert all(one == other for one, other in zip(kept, kept, strict=True))
    kept.append(SIZE)
    assert list(kept) == list(range(SIZE + 1))
