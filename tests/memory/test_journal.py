"""The journal: what was answered before an interruption is not asked again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Cli, bare_environment, start, write_items
from tests.openai_server import Body, OpenAIServer, Reply, last_user_turn
from tests.runner.fake import requests
from tqb.errors import ConfigError
from tqb.memory import Header, Journal
from tqb.types import Response

JOURNAL = Path(".tqb/journal.jsonl")
HEADER = Header("t", None, "template", {"temperature": 0.0}, {"p": "hash"})


class Model:
    """Answers the first `quick` questions at once, and lets the others wait until it is told."""

    def __init__(self, quick: int) -> None:
        self.asked: Counter[str] = Counter()
        self.quick = quick
        self.stuck = threading.Event()

    def __call__(self, body: Body) -> Reply:
        question = last_user_turn(body)
        self.asked[question] += 1
        if len(self.asked) > self.quick:
            self.stuck.set()
            return Reply(hang=True)
        return Reply(question.removesuffix("?"))


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Twenty questions whose answer is their number."""
    items = [{"id": f"q{n}", "text": f"{n}?", "label": str(n)} for n in range(20)]
    return write_items(tmp_path / "numbers.jsonl", *items)


@contextmanager
def started(tmp_path: Path, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A run in the background, in a process group that hears signals."""
    with start(tmp_path, "run", *arguments) as process:
        try:
            yield process
        finally:
            process.kill()


def report(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "r.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_run_goes_on_where_it_was(
    cli: Cli, tmp_path: Path, pack: Path, sent: signal.Signals
) -> None:
    """After Ctrl-C, SIGTERM and kill -9, --resume asks what is missing and loses nothing."""
    model = Model(quick=7)
    with OpenAIServer(model) as server:
        target = f"{server.url}#m"
        with started(tmp_path, pack, "-m", target, "-j", 2) as process:
            assert model.stuck.wait(30)
            while (tmp_path / JOURNAL).read_bytes().count(b"\n") < 8:
                pass
            process.send_signal(sent)
            _, said = process.communicate(timeout=30)
        assert process.returncode == (130 if sent != signal.SIGKILL else -signal.SIGKILL)
        assert ("--resume" in said) == (sent != signal.SIGKILL)
        model.quick = 20
        flags = ("--resume", "--fail-under", 1, "-o", "r.json")
        ended = cli("run", pack, "-m", target, *flags)
    assert ended.code == 0, ended.out + ended.err
    assert "7 answers from the journal, 13 asked now" in ended.out
    assert [result["answer"] for result in report(tmp_path)["results"]] == [*map(str, range(20))]
    assert max(model.asked.values()) <= 2
    assert sum(model.asked.values()) <= 20 + 2


def test_a_failed_call_is_asked_again(cli: Cli, tmp_path: Path, pack: Path) -> None:
    """An answer is kept, a failure is not: after an outage --resume asks what failed."""
    down = True

    def answer(body: Body) -> Reply:
        number = last_user_turn(body).removesuffix("?")
        return Reply(status=401) if down and int(number) > 9 else Reply(number)

    with OpenAIServer(answer) as server:
        flags = ("-m", f"{server.url}#m", "-j", 1, "-o", "r.json", "--fail-under", 1)
        assert cli("run", pack, *flags).code == 3
        down = False
        before = len(server.requests)
        assert cli("run", pack, *flags, "--resume").code == 0
        assert len(server.requests) - before == 10
    assert report(tmp_path)["metrics"]["recalled"] == {"journal": 10}


def test_money_spent_before_counts(cli: Cli, tmp_path: Path) -> None:
    """A run that --max-cost stopped goes on with a higher limit, which holds for both together."""
    (tmp_path / "app.py").write_text(
        "def answer(question):\n    return {'answer': question[:-1], 'cost_usd': 1.0}\n", "utf-8"
    )
    items = [{"id": f"q{n}", "text": f"{n}?", "label": str(n)} for n in range(4)]
    pack = write_items(tmp_path / "four.jsonl", *items)
    flags = ("run", pack, "-m", "python:app:answer", "-j", 1, "-o", "r.json")
    stopped = cli(*flags, "--max-cost", 2)
    assert stopped.code == 4
    assert "--resume" in stopped.err
    assert cli(*flags, "--max-cost", 3, "--resume").code == 4
    assert cli(*flags, "--max-cost", 9, "--resume").code == 0
    assert report(tmp_path)["metrics"]["cost_usd"] == 4.0


def test_a_run_without_resume_begins_anew(cli: Cli, tmp_path: Path, pack: Path) -> None:
    """Yesterday's answers are taken only where that was asked for."""
    with OpenAIServer("1") as server:
        for _ in range(2):
            cli("run", pack, "-m", f"{server.url}#m", "--limit", 3)
        assert len(server.requests) == 6


def test_resume_without_a_journal_asks_everything(cli: Cli, pack: Path) -> None:
    """So that a script may always say --resume."""
    with OpenAIServer(lambda body: last_user_turn(body).removesuffix("?")) as server:
        ended = cli("run", pack, "-m", f"{server.url}#m", "--resume", "--fail-under", 1)
    assert ended.code == 0, ended.err


@pytest.mark.parametrize(
    ("change", "called"),
    [
        (("--temperature", 1), "parameters"),
        (("--prompt", "other.txt"), "prompt"),
        (("-m", "other"), "target"),
        (("--judge", "other"), "judge"),
        (("pack",), "pack"),
    ],
)
def test_the_journal_of_another_run_is_refused(
    cli: Cli, tmp_path: Path, pack: Path, change: tuple[object, ...], called: str
) -> None:
    """With what differs, before anything is asked, and the journal is left as it is."""
    (tmp_path / "other.txt").write_text("Say {{ input }}", "utf-8")
    with OpenAIServer("1") as server:
        run = ["run", pack, "-m", f"{server.url}#m"]
        cli(*run)
        before = (tmp_path / JOURNAL).read_bytes()
        asked = len(server.requests)
        if change == ("pack",):
            write_items(pack, {"id": "q0", "text": "Another?", "label": "0"})
        else:
            named = [f"{server.url}#o" if part == "other" else part for part in change]
            run = [*run[:2], *named] if "-m" in change else [*run, *named]
        ended = cli(*run, "--resume")
        assert len(server.requests) == asked
    assert ended.code == 2
    assert f"journal.jsonl:1: is the journal of another {called}: run without --resume" in ended.err
    assert (tmp_path / JOURNAL).read_bytes() == before


def test_two_runs_cannot_write_one_journal(cli: Cli, tmp_path: Path, pack: Path) -> None:
    """The second keeps none and says so; told to take it up, it is refused."""
    model = Model(quick=3)
    with OpenAIServer(model) as server, OpenAIServer("1") as other:
        with started(tmp_path, pack, "-m", f"{server.url}#m", "-j", 1):
            assert model.stuck.wait(30)
            beside = cli("run", pack, "-m", f"{other.url}#m", "--limit", 1)
            refused = cli("run", pack, "-m", f"{server.url}#m", "--resume")
            own = cli("run", pack, "-m", f"{other.url}#m", "--journal", "own.jsonl")
        known = (tmp_path / JOURNAL).read_text("utf-8").count('"key"')
    assert beside.code == own.code == 0
    assert "another run is writing this journal" in beside.err
    assert refused.code == 2
    assert "give this run one of its own by --journal FILE" in refused.err
    assert (tmp_path / "own.jsonl").read_text("utf-8").count('"key"') == 20
    assert known == 3


def test_a_line_that_cannot_be_read_is_named(cli: Cli, tmp_path: Path, pack: Path) -> None:
    """With its number; a file that is no journal is refused as well."""
    with OpenAIServer("1") as server:
        run = ("run", pack, "-m", f"{server.url}#m")
        cli(*run)
        lines = (tmp_path / JOURNAL).read_text("utf-8").splitlines(keepends=True)
        (tmp_path / JOURNAL).write_text("".join([*lines[:3], "{}\n", *lines[3:]]), "utf-8")
        broken = cli(*run, "--resume")
        (tmp_path / JOURNAL).write_text("{}\n", "utf-8")
        foreign = cli(*run, "--resume")
    assert broken.code == foreign.code == 2
    assert 'journal.jsonl:4: cannot be read ("key" is missing)' in broken.err
    assert "journal.jsonl:1: no journal" in foreign.err


def test_a_folder_that_cannot_be_written_costs_no_run(cli: Cli, tmp_path: Path, pack: Path) -> None:
    """Where the journal was not asked for, the run goes on without; where it was, it is refused."""
    (tmp_path / ".tqb").write_text("in the way", "utf-8")
    with OpenAIServer("1") as server:
        run = ("run", pack, "-m", f"{server.url}#m")
        went_on = cli(*run)
        refused = cli(*run, "--journal", tmp_path / ".tqb" / "j.jsonl")
    assert went_on.code == 0
    assert "this run keeps none" in went_on.err
    assert refused.code == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_costs_no_answer(cli: Cli, tmp_path: Path, pack: Path) -> None:
    """The run says once that its journal ends there, and is judged."""
    resource = pytest.importorskip("resource")
    with OpenAIServer(lambda body: last_user_turn(body).removesuffix("?")) as server:
        run = ("run", pack, "-m", f"{server.url}#m", "--journal", "small.jsonl")
        done = subprocess.run(
            [sys.executable, "-m", "tqb", *map(str, run), "-q", "--fail-under", "1"],
            cwd=tmp_path,
            env=bare_environment(),
            capture_output=True,
            encoding="utf-8",
            check=False,
            preexec_fn=lambda: _small_files(resource, 1500),
        )
        resumed = cli(*run, "--resume")
    assert "small.jsonl: cannot be written any more (File too large)" in done.stderr
    assert done.stdout.startswith("PASS")
    assert "answers from the journal" in resumed.out
    assert resumed.code == 0, resumed.err


def _small_files(resource: Any, size: int) -> None:
    """Let no file of this process grow over `size` bytes, which fails as a full disk does."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@given(cut=st.integers(min_value=0), tail=st.sampled_from([b"", b"\x00\x00\x00", b'{"item": "p/']))
def test_a_torn_journal_keeps_all_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, cut: int, tail: bytes
) -> None:
    """Wherever a power cut tore it, what stands before is known, and it can be written on."""
    path = tmp_path_factory.mktemp("torn") / "j.jsonl"
    asked = requests(5)
    whole = Journal.open(path, HEADER, resume=False)
    for request in asked[:4]:
        whole.keep("t", request, Response(f"answer to {request.item.id} \u2028é"))
    whole.close()
    data = path.read_bytes()
    torn = data[: cut % (len(data) + 1)]
    path.write_bytes(torn + tail)
    again = Journal.open(path, HEADER, resume=True)
    known = [again.recall("t", request) for request in asked]
    answers = max(0, torn.count(b"\n") - 1)
    assert [found is not None for found in known] == [place < answers for place in range(5)]
    again.keep("t", asked[4], Response("last"))
    again.close()
    final = Journal.open(path, HEADER, resume=True)
    last = final.recall("t", asked[4])
    final.close()
    assert last is not None
    assert (last.answer, last.source) == ("last", "journal")


def test_a_lock_is_gone_with_its_process(tmp_path: Path) -> None:
    """Within one process too: what is closed can be opened again, what is open cannot."""
    first = Journal.open(tmp_path / "j.jsonl", HEADER, resume=False)
    with pytest.raises(ConfigError, match="another run is writing"):
        Journal.open(tmp_path / "j.jsonl", HEADER, resume=False)
    first.close()
    Journal.open(tmp_path / "j.jsonl", HEADER, resume=False).close()
