"""How time and memory grow with the items of a run, and shrink with those who work on it.

    python -m benchmarks.scale [--sizes 1000 10000 100000] [--shards 4] [--rounds 3]
    python -m benchmarks.scale --workers 1 2 4

The answers are recorded ones, so that what is measured is tqb itself: packs are read, answers
scored, the journal, the report and the history written. Beside it stands a plain asyncio script
that looks the same answers up and compares them. Shards run as many at a time as there are
cores, and are merged. Each line is the median of the rounds; all take turns. Needs POSIX.

With `--workers` the pipeline under test is a function that computes for 5 ms, asked 2,000 times: in
one process, in as many shards, and on as many workers of a Ray cluster on this machine (beside what
the raylets take, which is in no line). The plain script calls it in the threads of one process.
"""

from __future__ import annotations

import argparse
import compileall
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import tqb
from benchmarks.speed import AT_ONCE, PLAIN, TQB, Command, Took, environment, measure, write_items

MOST_HELD = 100_000
"""Items of the largest run whose page is made, and whose shards are merged: both are held whole."""


@dataclass(frozen=True)
class Way:
    """One way to go through all items."""

    name: str
    parts: tuple[Command, ...]
    """What runs side by side."""
    last: Command | None = None
    """What joins them."""


def ways(folder: Path, n: int, shards: int) -> Iterator[Way]:
    """Yield what is timed on one pack."""
    items, answers = str(folder / f"items-{n}.jsonl"), str(folder / f"answers-{n}.jsonl")
    script = (sys.executable, str(PLAIN / "asyncio_script.py"), items, answers, str(AT_ONCE))
    yield Way("plain asyncio script", (Command("script", script),))
    run = (*TQB, "run", items, "-m", f"replay:{answers}", "--quiet", "--fail-under", "0")
    yield Way("tqb run", (Command("run", run),))
    if n > MOST_HELD:
        return
    outputs = ("-o", str(folder / "run.json"), "-o", str(folder / "run.html"))
    yield Way("tqb run -o .json -o .html", (Command("run", (*run, *outputs)),))
    names = [str(folder / f"shard-{number}.json") for number in range(1, shards + 1)]
    parts = tuple(
        Command(name, (*run, "--shard", f"{number}/{shards}", "-o", name))
        for number, name in enumerate(names, 1)
    )
    merge = (*TQB, "merge", *names, "--quiet", "--fail-under", "0")
    yield Way(f"{shards} shards, merged", parts, Command("merge", merge))


BUSY = """import time


def answer(question):
    until = time.thread_time() + 0.005
    while time.thread_time() < until:
        pass
    return question.split()[-1].rstrip("?")
"""
QUESTIONS = 2000


def working_ways(folder: Path, counts: Sequence[int]) -> Iterator[Way]:
    """Yield what is timed where the pipeline itself takes the time."""
    items = str(folder / f"items-{QUESTIONS}.jsonl")
    script = (sys.executable, str(PLAIN / "threads_script.py"), items, str(AT_ONCE))
    yield Way("plain script, threads", (Command("script", script),))
    run = (*TQB, "run", items, "-m", "python:busy:answer", "--quiet", "--fail-under", "0.9")
    yield Way("tqb run", (Command("run", run),))
    for count in counts:
        names = [str(folder / f"shard-{number}.json") for number in range(1, count + 1)]
        parts = tuple(
            Command(name, (*run, "--shard", f"{number}/{count}", "-o", name))
            for number, name in enumerate(names, 1)
        )
        merge = (*TQB, "merge", *names, "--quiet", "--fail-under", "0.9")
        yield Way(f"shards: {count}", parts, Command("merge", merge))
    for count in counts:
        on_ray = (*run, "--engine", "ray", "--workers", str(count))
        yield Way(f"Ray workers: {count}", (Command("ray", on_ray),))


@contextmanager
def ray_cluster(cpus: int) -> Iterator[str]:
    """Keep a cluster of one node on this machine; yield its address."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    head = {"num_cpus": cpus, "include_dashboard": False, "object_store_memory": 80 * 2**20}
    made = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield str(made.address)
    finally:
        made.shutdown()  # type: ignore[no-untyped-call]


def against_workers(counts: Sequence[int], rounds: int) -> Iterator[str]:
    """Yield the lines of a table: items a second against those who work on them."""
    yield f"{'':26}{'wall':>9}{'items/s':>10}{'peak':>11}"
    with tempfile.TemporaryDirectory() as name, ray_cluster(max(counts)) as address:
        folder = Path(name)
        write_items(folder, QUESTIONS)
        (folder / "busy.py").write_text(BUSY, "utf-8")
        env = {**environment("", folder), "RAY_ADDRESS": address}
        table: dict[str, list[Took]] = {}
        for _ in range(rounds):
            for way in working_ways(folder, counts):
                table.setdefault(way.name, []).append(take(way, env, name))
    for name, took in table.items():
        wall_s, peak = median(t.wall_s for t in took), median(t.peak_mib for t in took)
        yield f"{name:26}{wall_s:8.2f}s{QUESTIONS / wall_s:10,.0f}{peak:7.0f} MiB"


def take(way: Way, env: Mapping[str, str], cwd: str) -> Took:
    """Go one way once: wall time of all of it, CPU of all processes, the largest one's memory."""
    start = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        took = list(pool.map(lambda part: measure(part, env, cwd), way.parts))
    if way.last:
        took.append(measure(way.last, env, cwd))
    wall_s = time.perf_counter() - start
    return Took(wall_s, sum(t.cpu_s for t in took), max(t.peak_mib for t in took))


def curve(sizes: list[int], shards: int, rounds: int) -> Iterator[str]:
    """Yield the lines of a table: each way at each size, in all and for each item."""
    yield f"{'items':>9}  {'':26}{'wall':>9}{'CPU':>9}{'peak':>11}{'items/s':>10}{'CPU/item':>11}"
    for n in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_items(folder, n)
            env = environment("", folder)
            table: dict[str, list[Took]] = {}
            for _ in range(rounds):
                for way in ways(folder, n, shards):
                    table.setdefault(way.name, []).append(take(way, env, name))
        for name, took in table.items():
            wall_s, cpu_s = median(t.wall_s for t in took), median(t.cpu_s for t in took)
            peak = median(t.peak_mib for t in took)
            row = f"{wall_s:8.2f}s{cpu_s:8.2f}s{peak:7.0f} MiB{n / wall_s:10,.0f}"
            yield f"{n:9,}  {name:26}{row}{1e6 * cpu_s / n:8.0f} µs"


def main() -> None:
    """Draw the curve and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1000, 10_000, 100_000])
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", help="time these numbers of workers")
    options = parser.parse_args()
    compileall.compile_dir(str(Path(tqb.__file__).parent), quiet=2)
    if options.workers:
        lines = against_workers(options.workers, options.rounds)
    else:
        lines = curve(options.sizes, options.shards, options.rounds)
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
