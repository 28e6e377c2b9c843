"""`--engine ray`: the same run, asked from the workers of a real cluster of two nodes."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, Write, start, write_items
from tests.openai_server import Body, OpenAIServer, Reply, last_user_turn
from tests.test_shards import read, timeless

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed"),
    pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals"),
    pytest.mark.xdist_group("cluster"),
]

SIZE = 60


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head and one more node, each with one CPU."""
    from ray.cluster_utils import Cluster

    small = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        try:
            made = Cluster(initialize_head=True, head_node_args=small)
        except Exception as error:
            pytest.skip(f"this machine lets no Ray cluster start: {error}")
        try:
            add_node(made)
            yield made
        finally:
            made.shutdown()  # type: ignore[no-untyped-call]


def add_node(cluster: Any) -> Any:
    return cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A bare pack of 60 items, each with a right answer of its own."""
    items = [{"text": f"Which number comes after {n}?", "label": str(n + 1)} for n in range(SIZE)]
    return write_items(tmp_path / "numbers.jsonl", *items)


def next_number(body: Body) -> str:
    return str(int(last_user_turn(body).split()[-1].rstrip("?")) + 1)


def slowly(body: Body) -> Reply:
    return Reply(next_number(body), delay_s=0.2)


@contextmanager
def running(cluster: Any, folder: Path, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Start ``tqb run ARGUMENTS`` on the cluster; it is not waited for."""
    process = start(folder, "run", *arguments, "--engine", "ray", RAY_ADDRESS=cluster.address)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").exists() and ") Z " in Path(f"/proc/{pid}/stat").read_text()


def kept(folder: Path) -> Counter[str]:
    """The answers in the journal, by item."""
    path = folder / ".tqb" / "journal.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines[1:] if line.endswith("}")]
    return Counter(row["item"].partition("/")[2] for row in rows)


def test_a_run_on_a_cluster_is_a_run(
    cli: Cli, cluster: Any, tmp_path: Path, pack: Path, write_module: Write
) -> None:
    """The report is that of a run by itself but for times; the limits hold for all workers."""
    with OpenAIServer(next_number) as server:
        target = ("-m", f"{server.url}#m", "-j", 3)
        assert cli("run", pack, *target, "-o", "one.json").code == 0
        assert server.peak <= 3
        alone = len(server.requests)
        ended = cli(
            *("run", pack, *target, "--engine", "ray", "-o", "ray.json"),
            env={"RAY_ADDRESS": cluster.address, "TQB_API_KEY": "a-key-for-the-workers"},
        )
        asked = server.requests[alone:]
        assert server.peak <= 3
    assert ended.code == 0, ended.out + ended.err
    assert len(asked) == SIZE
    assert {one.headers["Authorization"] for one in asked} == {"Bearer a-key-for-the-workers"}
    assert timeless(read(tmp_path / "ray.json")) == timeless(read(tmp_path / "one.json"))


def test_a_node_is_killed(cli: Cli, cluster: Any, tmp_path: Path, pack: Path) -> None:
    """What a lost machine had under way is asked again elsewhere: nothing is lost or doubled."""
    doomed = next(iter(cluster.worker_nodes))
    with OpenAIServer(slowly) as server:
        flags = (pack, "-m", f"{server.url}#m", "-j", 4, "-o", "run.json")
        with running(cluster, tmp_path, *flags) as process:
            wait_for(lambda: len(kept(tmp_path)) > 8, "no answers")
            cluster.remove_node(doomed, allow_graceful=False)
            assert len(kept(tmp_path)) < SIZE
            out, err = process.communicate(timeout=90)
        add_node(cluster)
    assert process.returncode == 0, out + err
    assert kept(tmp_path) == dict.fromkeys((f"q{n + 1}" for n in range(SIZE)), 1)
    made = read(tmp_path / "run.json")
    assert [one["item_id"] for one in made["results"]] == [f"q{n + 1}" for n in range(SIZE)]
    assert {one["outcome"] for one in made["results"]} == {"pass"}
    retried = [kind for one in made["results"] for kind in one["retried"]]
    assert set(retried) == {"connection"}
    assert len(server.requests) <= SIZE + len(retried)


KILLER = """
import os, signal, time
from pathlib import Path

def answer(question):
    number = int(question.split()[-1].rstrip("?"))
    mark = Path(r"{folder}") / f"killed-by-{{number}}"
    if number == 17 or (number in (5, 30) and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 40:
        raise ValueError("no forty")
    return str(number + 1)
"""


def test_workers_are_killed(
    cli: Cli, cluster: Any, tmp_path: Path, pack: Path, write_module: Write
) -> None:
    """A worker that dies is replaced; a question that kills each is a failed call, and no other."""
    write_module("app.py", KILLER.format(folder=tmp_path))
    ended = cli(
        *("run", pack, "-m", "python:app:answer", "--engine", "ray", "-j", 2, "-o", "run.json"),
        *("--retry-delay", 0),
        env={"RAY_ADDRESS": cluster.address},
    )
    assert ended.code == 0, ended.out + ended.err
    made = read(tmp_path / "run.json")
    failed = {one["item_id"]: one["failure"] for one in made["results"] if one["failure"]}
    assert failed.keys() == {"q18", "q41"}
    assert failed["q18"]["kind"] == "connection"
    assert "a worker was lost" in failed["q18"]["message"]
    assert failed["q41"]["message"].startswith("ValueError: no forty (app.py:")
    assert made["metrics"]["passed"] == SIZE - 2
    assert ended.err.count('raise ValueError("no forty")') == 1


def test_limits_hold_for_all_workers(
    cli: Cli, cluster: Any, tmp_path: Path, pack: Path, write_module: Write
) -> None:
    """Requests in a minute and the cost of a run are counted over all workers together."""
    write_module(
        "dear.py",
        "import time\n\n\ndef answer(question):\n    time.sleep(0.05)\n"
        "    return {'answer': '?', 'cost_usd': 0.01}\n",
    )
    dear = ("run", pack, "-m", "python:dear:answer", "--engine", "ray", "-o", "run.json")
    ended = cli(*dear, "--max-cost", 0.1, env={"RAY_ADDRESS": cluster.address})
    assert ended.code == 4, ended.out + ended.err
    made = read(tmp_path / "run.json")
    assert made["metrics"]["cost_usd"] == pytest.approx(0.1)
    assert len(kept(tmp_path)) == 10
    with OpenAIServer(next_number) as server:
        with running(cluster, tmp_path, pack, "-m", f"{server.url}#m", "--rpm", 7) as process:
            wait_for(lambda: len(kept(tmp_path)) == 7, "no answers")
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        assert len(server.requests) == 7


SLOW = """
import os, time

def answer(question):
    with open(r"{folder}/pids", "a") as file:
        file.write(f"{{os.getpid()}}\\n")
    time.sleep(0.3)
    return str(int(question.split()[-1].rstrip("?")) + 1)
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_behind(
    cluster: Any, tmp_path: Path, pack: Path, write_module: Write, sent: signal.Signals
) -> None:
    """Ctrl-C ends the workers with the run, and so does its own death; what was answered stays."""
    write_module("app.py", SLOW.format(folder=tmp_path))
    with running(cluster, tmp_path, pack, "-m", "python:app:answer", "-j", 4) as process:
        wait_for(lambda: len(kept(tmp_path)) > 3, "no answers")
        process.send_signal(sent)
        out, err = process.communicate(timeout=60)
    if sent == signal.SIGINT:
        assert process.returncode == 130, out + err
        assert out.startswith("INTERRUPTED")
    pids = {int(line) for line in (tmp_path / "pids").read_text().split()}
    assert pids
    wait_for(lambda: all(map(is_gone, pids)), "a worker lives on")
    assert 3 < len(kept(tmp_path)) < SIZE


def test_workers_that_cannot_open_the_target(
    cli: Cli, cluster: Any, tmp_path: Path, pack: Path, write_module: Write
) -> None:
    """A target that no worker can open is refused before anything is asked."""
    write_module(
        "fussy.py",
        "import os\n\nif 'RAY_JOB_ID' in os.environ:\n    raise OSError('no disk here')\n\n\n"
        "def answer(question):\n    return '?'\n",
    )
    ended = cli(
        *("run", pack, "-m", "python:fussy:answer", "--engine", "ray"),
        env={"RAY_ADDRESS": cluster.address},
    )
    assert (ended.code, ended.out) == (2, "")
    assert 'error: --engine ray: importing "fussy" failed: OSError: no disk here' in ended.err


def test_without_a_cluster(cli: Cli, tmp_path: Path, pack: Path) -> None:
    """Where there is no cluster, or no Ray, one sentence says what to do; nothing is asked."""
    target = ("run", pack, "-m", "http://127.0.0.1:9/v1#m")
    ended = cli(*target, "--engine", "ray", env={"RAY_ADDRESS": "127.0.0.1:9"})
    assert (ended.code, ended.out) == (2, "")
    assert "no Ray cluster at 127.0.0.1:9: start one by `ray start --head`" in ended.err
    (tmp_path / "ray.py").write_text("raise ImportError('not installed')\n")
    ended = cli(*target, "--engine", "ray")
    assert (ended.code, ended.out) == (2, "")
    assert "Ray is not installed: pip install 'tqb[ray]'" in ended.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--workers", 2], "--workers goes with --engine ray"),
        (["--engine", "ray", "--batch"], "a batch is sent by one process"),
        (["--engine", "dask"], "'dask' is not one of 'asyncio', 'ray'"),
    ],
)
def test_flags_that_mean_nothing_together(cli: Cli, flags: list[Any], said: str) -> None:
    """A flag that would do nothing beside the engine is refused."""
    ended = cli("run", *flags)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_recorded_answers_need_no_cluster(cli: Cli) -> None:
    """The demo is read in this process, whatever the engine."""
    assert cli("run", "--engine", "ray").code == 0
