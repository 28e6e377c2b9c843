"""Wall time, CPU and memory of whole processes: tqb beside plain scripts and peers, on one server.

    python -m benchmarks.speed [--sizes 52 1000 10000] [--rounds 5] [--peers] [--starts]

All commands take turns, so that a busy moment of a shared machine hits each of them; look at the
ratios. The server runs in a process of its own and answers after 200 ms, or after 20 ms where there
are 10,000 items; 32 requests are under way at once. The ideal is latency × ⌈items / 32⌉. Bytecode
is compiled first, as an installed package has it. `tqb run --offline` is the hook `tqb-smoke`: on
an idle machine of two cores it is to end within a second.

`--starts` times the cold start of every command instead. `--peers` adds the other tools that
``python -m tests --clients`` has installed, each with the files of `tqb export`. Needs POSIX.
"""

from __future__ import annotations

import argparse
import compileall
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import tqb
from tests.clients import PLACE, QUIET
from tqb.exports import export_packs, find_exporter
from tqb.packs import load_pack
from tqb.types import CASSETTE

PLAIN = Path(__file__).parent / "plain"
AT_ONCE = 32
MANY = 10_000
"""Items from which on the server answers sooner, and three rounds are enough."""
TQB = (sys.executable, "-m", "tqb")
PEERS: Mapping[str, tuple[str, str]] = {
    "inspect": (
        "inspect",
        "inspect eval task.py --model openai/m -M responses_api=false --max-connections 32 "
        "--log-dir logs --display none",
    ),
    "promptfoo": ("promptfoo", "promptfoo eval --no-cache -j 32 -o out.json"),
    "lm-eval": (
        "lm-eval",
        "lm_eval run --model local-chat-completions --tasks {name} --include_path . "
        "--apply_chat_template --output_path out "
        "--model_args model=m,base_url={url}/chat/completions,num_concurrent=32",
    ),
}
"""Format of the export, and the command that runs it."""
STARTS = ("", "run", "compare", "report", "generate", "export", "init", "baseline", "pack", "power")


@dataclass(frozen=True)
class Took:
    """What one whole process took."""

    wall_s: float
    cpu_s: float
    """Of the process and those it waited for."""
    peak_mib: float


@dataclass(frozen=True)
class Command:
    """What is timed."""

    name: str
    words: Sequence[str]
    floor: str = ""
    """The command that does the same work without tqb."""
    cwd: str | None = None
    path: str = ""
    """Folder of programs that goes first."""


def measure(command: Command, environment: Mapping[str, str], cwd: str) -> Took:
    """Run one process to its end; it must not crash."""
    env = dict(environment)
    if command.path:
        env["PATH"] = os.pathsep.join((command.path, env["PATH"]))
    start = time.perf_counter()
    words = [shutil.which(command.words[0], path=env["PATH"]) or command.words[0]]
    process = subprocess.Popen(
        [*words, *command.words[1:]],
        env=env,
        cwd=command.cwd or cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 100):  # promptfoo says 100 where answers are wrong
        raise SystemExit(f"{command.name} ended in {process.returncode}")
    kib = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Took(wall_s, usage.ru_utime + usage.ru_stime, kib / 1024)


def commands(url: str, items: Path, folder: Path, n: int) -> Iterator[Command]:
    """Yield what is timed on one pack; each pair of plain script and tqb does the same work."""
    at_once = str(AT_ONCE)
    run = (*TQB, "run", str(items), "--quiet", "--fail-under", "0", "-j", at_once)
    python = sys.executable
    yield Command("python -c pass", (python, "-c", "pass"))
    script = (python, str(PLAIN / "aiohttp_script.py"), url, str(items), at_once)
    yield Command("plain aiohttp script", script)
    yield Command("tqb run, endpoint", (*run, "-m", f"{url}#m"), "plain aiohttp script")
    script = (python, str(PLAIN / "litellm_script.py"), url, str(items), at_once)
    yield Command("plain litellm script", script)
    yield Command("tqb run, litellm", (*run, "-m", "openai/m"), "plain litellm script")
    recorded = str(folder / f"answers-{n}.jsonl")
    yield Command("tqb run, replay", (*run, "-m", f"replay:{recorded}"))
    yield Command("tqb run --cache", (*run, "-m", f"{url}#m", "--cache"))
    yield Command("tqb run --offline", (*run, "-m", f"{url}#m", "--offline"))


def peers(url: str, items: Path, folder: Path) -> Iterator[Command]:
    """Yield the other tools that are installed, each with an export of the pack."""
    pack = load_pack(str(items))
    for name, (form, command) in PEERS.items():
        programs = PLACE / name / ("node_modules/.bin" if name == "promptfoo" else "bin")
        if programs.is_dir():
            place = folder / f"{pack.name}-{name}"
            export_packs([pack], find_exporter(form), place)
            words = command.format(name=pack.name.replace("-", "_"), url=url).split()
            yield Command(name, words, "plain aiohttp script", str(place), str(programs))


def write_items(folder: Path, n: int) -> Path:
    """Write a pack of so many questions, and right answers to replay; 52 are the gold set."""
    path = folder / f"items-{n}.jsonl"
    rows = [{"id": f"q{k}", "text": f"What is number {k}?", "label": f"{k}"} for k in range(n)]
    if n == 52:
        gold = load_pack("core-en").items
        rows = [{"id": item.id, "text": item.text, "label": item.label} for item in gold]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    answers = ({"id": row["id"], "answer": row["label"]} for row in rows)
    text = "".join(json.dumps(row) + "\n" for row in answers)
    (folder / f"answers-{n}.jsonl").write_text(text, "utf-8")
    return path


@contextmanager
def serving(latency_s: float) -> Iterator[str]:
    """Serve OpenAI's API in a process of its own; yield the base URL."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.openai_server", "--latency", str(latency_s)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def environment(url: str, folder: Path) -> dict[str, str]:
    """Return an environment in which LiteLLM starts as it does in tqb, and bytecode is used."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    settings = {
        **QUIET,
        "OPENAI_BASE_URL": url,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "CRITICAL",
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    return {**kept, **settings}


def compare(n: int, rounds: int, *, with_peers: bool) -> Iterator[str]:
    """Time all commands in turn on a pack of one size; yield the lines of a table."""
    latency_s = 0.02 if n >= MANY else 0.2
    with serving(latency_s) as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        items = write_items(folder, n)
        timed = list(commands(url, items, folder, n))
        if with_peers:
            timed += peers(url, items, folder)
        env = environment(url, folder)
        record = (*TQB, "run", str(items), "--quiet", "-j", str(AT_ONCE), "-m", f"{url}#m")
        measure(Command("record", (*record, "--record", str(CASSETTE))), env, name)
        table = in_turn(timed, env, name, rounds)
    ideal = latency_s * math.ceil(n / AT_ONCE)
    yield f"\n{n:,} items at {latency_s:g} s, {AT_ONCE} at once; ideal {ideal:.2f} s"
    yield from render(timed, table)


def in_turn(
    timed: Sequence[Command], env: Mapping[str, str], cwd: str, rounds: int
) -> dict[str, list[Took]]:
    """Run each command once to warm up, then all of them in turn."""
    for command in timed:
        measure(command, env, cwd)
    table: dict[str, list[Took]] = {command.name: [] for command in timed}
    for _ in range(rounds):
        for command in timed:
            table[command.name].append(measure(command, env, cwd))
    return table


def render(timed: Iterable[Command], table: Mapping[str, Sequence[Took]]) -> Iterator[str]:
    """Yield a line a command: medians, the least wall time, and the ratio to its floor."""
    wall = {name: median(one.wall_s for one in took) for name, took in table.items()}
    yield f"{'':24}{'wall':>9}{'least':>9}{'CPU':>9}{'peak':>10}   ratio to its floor"
    for command in timed:
        took = table[command.name]
        least, cpu = min(t.wall_s for t in took), median(t.cpu_s for t in took)
        peak = median(t.peak_mib for t in took)
        ratio = f"{wall[command.name] / wall[command.floor]:.2f}" if command.floor else ""
        row = f"{wall[command.name]:8.2f}s{least:8.2f}s{cpu:8.2f}s{peak:6.0f} MiB"
        yield f"{command.name:24}{row}   {ratio}"


def starts(rounds: int) -> Iterator[str]:
    """Time the cold start of every command; yield the lines of a table."""
    timed = [
        Command("python -c pass", (sys.executable, "-c", "pass")),
        Command("tqb --version", (*TQB, "--version"), "python -c pass"),
        *(
            Command(f"tqb {name} --help", (*TQB, *name.split(), "--help"), "python -c pass")
            for name in STARTS
        ),
    ]
    with tempfile.TemporaryDirectory() as name:
        yield from render(timed, in_turn(timed, environment("", Path(name)), name, rounds))


def main() -> None:
    """Time what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[52, 1000, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--starts", action="store_true")
    options = parser.parse_args()
    compileall.compile_dir(str(Path(tqb.__file__).parent), quiet=2)
    if options.starts:
        print("\n".join(starts(options.rounds)))
        return
    for n in options.sizes:
        rounds = min(options.rounds, 3) if n >= MANY else options.rounds
        print("\n".join(compare(n, rounds, with_peers=options.peers)), flush=True)


if __name__ == "__main__":
    main()
