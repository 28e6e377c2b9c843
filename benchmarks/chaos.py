"""A hostile server, and what `tqb run` makes of it, beside a bare `asyncio.gather` over LiteLLM.

    python -m benchmarks.chaos [--items 1000] [--kills 50] [--seed 1]

Of 100 requests the hostile server answers 10 with 429 and Retry-After, 5 with 500 or 503, leaves 2
hanging, garbles 2, cuts 1 off, sends 1 without choices, and trickles 5 of its answers. It is asked
through the endpoint target and through LiteLLM, each `tqb run` in a process of its own, and the
outcome is held against that of the same server when it is calm. Then a server that takes 20
requests at once and refuses the rest is asked with `-j 20` and `-j 64`. Last, runs are killed at
random moments and resumed, some of them twice; what comes of each is held against an undisturbed
run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.openai_server import Answer, Body, OpenAIServer, Reply, last_user_turn

PLAIN = Path(__file__).parent / "plain" / "litellm_gather.py"
TARGETS = ("endpoint", "litellm")
TIMEOUT_S = 2.0
FLOORS = (0.85, 0.95)
"""The pipeline is right on nine questions of ten: it passes the first, and fails the second."""


@dataclass(frozen=True)
class Asked:
    """One process that asked the server."""

    server: OpenAIServer
    code: int
    out: str
    seconds: float
    """From the first request to the last."""
    results: list[dict[str, Any]]
    """Of the JSON report; empty for a plain script."""

    @property
    def verdict(self) -> str:
        """The first word of what was printed."""
        return self.out.split(maxsplit=1)[0]


def truth(body: Body) -> str:
    """The pipeline under test: right on nine questions of ten."""
    number = int(last_user_turn(body).split()[1])
    return f"value {number}" if number % 10 else "nothing"


def calm(body: Body) -> Reply:
    """Answer in 20 ms."""
    return Reply(truth(body), delay_s=0.02)


def hostile(seed: int) -> Callable[[Body], Reply]:
    """A server in trouble, which draws anew for each request."""
    draw = random.Random(seed).random
    trouble = (
        (0.10, Reply(status=429, body={}, headers={"Retry-After": "1"})),
        (0.03, Reply(status=500, body=b"oops")),
        (0.02, Reply(status=503, body=b"")),
        (0.02, Reply(hang=True)),
        (0.02, Reply(body=b'{"choices": [{"mess')),
        (0.01, Reply("x" * 500, cut=True)),
        (0.01, Reply(body={"choices": []})),
    )

    def answer(body: Body) -> Reply:
        drawn = draw()
        for share, reply in trouble:
            if drawn < share:
                return reply
            drawn -= share
        return Reply(truth(body), delay_s=0.02, trickle_s=0.5 if draw() < 0.05 else 0.0)

    return answer


def write_pack(folder: Path, items: int) -> Path:
    """Write a pack of questions that only the server can answer."""
    path = folder / "chaos.jsonl"
    rows = [{"id": f"q{n}", "text": f"Number {n} ?", "label": f"value {n}"} for n in range(items)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def environment(url: str) -> dict[str, str]:
    """Return an environment in which LiteLLM asks our server and nobody else."""
    settings = {
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": url,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "CRITICAL",
    }
    return {**os.environ, **settings}


def ask(answer: Answer, command: list[str], pack: Path, capacity: int | None = None) -> Asked:
    """Run one process against a server of its own; ``URL`` in the command is its address."""
    report = pack.with_name("report.json")
    report.unlink(missing_ok=True)
    with OpenAIServer(answer, capacity=capacity) as server:
        done = subprocess.run(
            [word.replace("URL", server.url) for word in command],
            env=environment(server.url),
            cwd=pack.parent,
            capture_output=True,
            text=True,
            check=False,
        )
    arrived = [request.arrived for request in server.requests]
    seconds = max(arrived) - min(arrived) if arrived else 0.0
    results = json.loads(report.read_text("utf-8"))["results"] if report.exists() else []
    return Asked(server, done.returncode, done.stdout, seconds, results)


def tqb_run(target: str, pack: Path, *flags: object) -> list[str]:
    """Return the command line of a run."""
    spec = "URL#m" if target == "endpoint" else "openai/m"
    always = ("--timeout", TIMEOUT_S, "-o", "report.json", "--quiet")
    return [sys.executable, "-m", "tqb", "run", str(pack), "-m", spec, *map(str, (*always, *flags))]


def faults(asked: Asked, quiet: Asked, items: int) -> list[str]:
    """Return what went wrong with a run against the hostile server; nothing should."""
    found = []
    ids = Counter(result["item_id"] for result in asked.results)
    if len(ids) != items or ids.total() != items:
        found.append(f"{items} items, {len(ids)} of them in {ids.total()} results")
    untyped = [r for r in asked.results if r["answer"] is None and not r["failure"]]
    if untyped:
        found.append(f"{len(untyped)} neither answered nor typed")
    outcomes = {result["item_id"]: result["outcome"] for result in quiet.results}
    other = [r for r in asked.results if r["outcome"] not in ("error", outcomes.get(r["item_id"]))]
    if other:
        found.append(f"{len(other)} outcomes unlike those of the calm server")
    sent = sum(result["attempts"] for result in asked.results)
    if sent != len(asked.server.requests):
        found.append(f"{sent} requests in the report, {len(asked.server.requests)} on the server")
    if (asked.verdict, asked.code) != (quiet.verdict, quiet.code):
        found.append(f"verdict {asked.verdict}, with the calm server {quiet.verdict}")
    if len(asked.server.requests) > 1.35 * items:
        found.append("more than 1.35 requests an item")
    return found


def row(name: str, verdict: str, answered: int, failed: int, asked: Asked, items: int) -> str:
    """One line of the table."""
    share = len(asked.server.requests) / items
    counts = f"{answered:>9}{failed:>8}{share:>10.2f}{asked.server.peak:>6}"
    return f"{name:<34}{verdict:<9}{counts}{asked.seconds:>8.1f} s"


def tell(name: str, asked: Asked, items: int) -> None:
    """Print the line of one run."""
    failed = Counter(r["failure"]["kind"] for r in asked.results if r["outcome"] == "error")
    answered = sum(r["answer"] is not None for r in asked.results)
    kinds = ", ".join(f"{times} {kind}" for kind, times in sorted(failed.items()))
    line = row(name, asked.verdict, answered, failed.total(), asked, items)
    print(f"{line}   {kinds}".rstrip())


def storms(pack: Path, items: int, seed: int) -> list[str]:
    """Ask the hostile server, floor by floor, and return what went wrong."""
    found = []
    for target in TARGETS:
        for floor in FLOORS:
            command = tqb_run(target, pack, "-j", 32, "--fail-under", floor)
            quiet = ask(calm, command, pack)
            asked = ask(hostile(seed), command, pack)
            tell(f"{target}, floor {floor}, calm", quiet, items)
            tell(f"{target}, floor {floor}, hostile", asked, items)
            found += [f"{target}, floor {floor}: {fault}" for fault in faults(asked, quiet, items)]
    return found


def bare(pack: Path, items: int, seed: int) -> None:
    """Ask the hostile server without tqb, and print what comes of it."""
    command = [sys.executable, str(PLAIN), "URL", str(pack), str(TIMEOUT_S)]
    asked = ask(hostile(seed), command, pack)
    told: dict[str, Any] = {"answered": 0, "raised": {f"ended in {asked.code}": items}}
    if asked.code == 0:
        told = json.loads(asked.out.splitlines()[-1])
    kinds = ", ".join(f"{times} {name}" for name, times in told["raised"].items())
    answered: int = told["answered"]
    line = row("asyncio.gather over LiteLLM", "none", answered, items - answered, asked, items)
    print(f"{line}   {kinds}")


def crowds(pack: Path, items: int) -> list[str]:
    """Ask a server that takes 20 at once, and return what went wrong."""
    found = []

    def steady(body: Body) -> Reply:
        return Reply(truth(body), delay_s=0.25)

    for target in TARGETS:
        rates = {}
        for most in (20, 64):
            asked = ask(steady, tqb_run(target, pack, "-j", most), pack, capacity=20)
            tell(f"{target}, 20 allowed, -j {most}", asked, items)
            rates[most] = items / asked.seconds
            if len(asked.server.requests) > 1.35 * items:
                found.append(f"{target}, -j {most}: more than 1.35 requests an item")
            if any(result["answer"] is None for result in asked.results):
                found.append(f"{target}, -j {most}: not all were answered")
        ratio = rates[64] / rates[20]
        print(f"{'':34}throughput of -j 64 is {ratio:.0%} of that of -j 20")
        if ratio < 0.9:
            found.append(f"{target}: throughput of -j 64 is {ratio:.0%} of that of -j 20")
    return found


def kills(folder: Path, times: int, seed: int) -> list[str]:
    """Kill runs with SIGKILL, resume them, and return what was lost or asked once too often."""
    items, most = 200, 8
    pack = write_pack(folder, items)
    draw = random.Random(seed).uniform
    found, taken, again = [], [], []
    command = tqb_run("endpoint", pack, "-j", most, "--fail-under", FLOORS[0])
    quiet = ask(busy, command, pack)
    for number in range(times):
        deaths = 1 + number % 2
        asked = resume(command, pack, [draw(0.3, 2.0) for _ in range(deaths)])
        found += [f"kill {number}: {fault}" for fault in losses(asked, quiet, deaths, most)]
        taken.append(sum(result["source"] == "journal" for result in asked.results))
        again.append(len(asked.server.requests) - items)
    print(
        f"{times} runs of {items} items killed at random, half of them twice, and resumed: "
        f"{min(taken)} to {max(taken)} answers taken over, "
        f"{min(again)} to {max(again)} requests more than items"
    )
    return found


def busy(body: Body) -> Reply:
    """Answer in 30 ms."""
    return Reply(truth(body), delay_s=0.03)


def resume(command: list[str], pack: Path, lives_s: list[float]) -> Asked:
    """Run a command that is killed after so many seconds, again and again, and then to its end."""
    (pack.parent / ".tqb" / "journal.jsonl").unlink(missing_ok=True)
    with OpenAIServer(busy) as server:
        words = [*(word.replace("URL", server.url) for word in command), "--resume"]
        for life_s in lives_s:
            with contextlib.suppress(subprocess.TimeoutExpired):  # which kills it
                subprocess.run(
                    words,
                    env=environment(server.url),
                    cwd=pack.parent,
                    capture_output=True,
                    timeout=life_s,
                    check=False,
                )
        done = subprocess.run(
            words,
            env=environment(server.url),
            cwd=pack.parent,
            capture_output=True,
            text=True,
            check=False,
        )
    results = json.loads(pack.with_name("report.json").read_text("utf-8"))["results"]
    return Asked(server, done.returncode, done.stdout, 0.0, results)


def losses(asked: Asked, quiet: Asked, deaths: int, most: int) -> list[str]:
    """Return in what a resumed run differs from an undisturbed one, but for the time it took."""
    found = []
    times = Counter(last_user_turn(request.body) for request in asked.server.requests)
    if (asked.verdict, asked.code) != (quiet.verdict, quiet.code):
        found.append(f"verdict {asked.verdict}, undisturbed {quiet.verdict}")
    if list(map(_essence, asked.results)) != list(map(_essence, quiet.results)):
        found.append("other results than undisturbed")
    if max(times.values()) > 1 + deaths or times.total() > len(times) + most * deaths:
        found.append(f"{times.total()} requests for {len(times)} items")
    return found


def _essence(result: dict[str, Any]) -> tuple[Any, ...]:
    return result["item_id"], result["repeat"], result["outcome"], result["answer"]


def _since(start: float) -> float:
    return time.perf_counter() - start


def main() -> int:
    """Print the table; end in 1 where anything was lost, doubled, stormed or judged otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start = time.perf_counter()
    print(f"{options.items} items, seed {options.seed}\n")
    print(
        f"{'':<34}{'verdict':<9}{'answered':>9}{'failed':>8}{'requests':>10}{'peak':>6}{'time':>10}"
    )
    with tempfile.TemporaryDirectory() as folder:
        pack = write_pack(Path(folder), options.items)
        found = storms(pack, options.items, options.seed)
        bare(pack, options.items, options.seed)
        print()
        found += crowds(pack, options.items)
        print()
        found += kills(Path(folder), options.kills, options.seed)
    print(f"\nrequests are for each item, peak is how many at once; {_since(start):.0f} s in all")
    print("\n".join(found) or "nothing lost, nothing doubled, every verdict as with a calm server")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
