"""Wall time of `tqb run` beside plain scripts, on one local server.

    python -m benchmarks.wall_time [--latency 0.2] [--rounds 5]

Whole processes, in turn, on the 52 items of `core-en`, 16 at once; the server runs in a process of
its own and answers after `--latency` seconds. The ideal is latency × ⌈52 / 16⌉. Look at the
ratios: the seconds are those of a shared machine. Bytecode is compiled first, as an installed
package has it. ``tqb run --offline`` is the hook `tqb-smoke`: on an idle machine of two cores it is
to end within a second.
"""

from __future__ import annotations

import argparse
import compileall
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tqb
from tqb.packs import shipped_folder
from tqb.types import CASSETTE

ITEMS = shipped_folder("core-en") / "items.jsonl"
PLAIN = Path(__file__).parent / "plain"


def commands(url: str) -> dict[str, list[str]]:
    """Return what is timed, by name; each pair of plain script and tqb does the same work."""
    run = [sys.executable, "-m", "tqb", "run", "--quiet", "-m"]
    return {
        "plain aiohttp script": [sys.executable, str(PLAIN / "aiohttp_script.py"), url, str(ITEMS)],
        "tqb run, endpoint": [*run, f"{url}#m"],
        "plain litellm script": [sys.executable, str(PLAIN / "litellm_script.py"), url, str(ITEMS)],
        "tqb run, litellm": [*run, "openai/m"],
        "tqb run, demo": [*run, "demo"],
        "tqb run --offline": [*run, "demo", "--offline"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }


def measure(command: list[str], env: dict[str, str], cwd: str) -> float:
    """Return the seconds that one whole process takes; it must succeed."""
    start = time.perf_counter()
    subprocess.run(command, env=env, cwd=cwd, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def environment(url: str) -> dict[str, str]:
    """Return an environment in which LiteLLM starts as it does in tqb, and bytecode is used."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    settings = {
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": url,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "CRITICAL",
    }
    return {**kept, **settings}


def main() -> None:
    """Run all commands in turn, several rounds, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    compileall.compile_dir(str(Path(tqb.__file__).parent), quiet=2)
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.openai_server", "--latency", str(options.latency)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    try:
        with tempfile.TemporaryDirectory() as folder:
            record = [*commands(url)["tqb run, demo"], "--record", str(CASSETTE)]
            measure(record, environment(url), folder)
            table: dict[str, list[float]] = {name: [] for name in commands(url)}
            for command in commands(url).values():
                measure(command, environment(url), folder)  # a warm-up, not counted
            for _ in range(options.rounds):
                for name, command in commands(url).items():
                    table[name].append(measure(command, environment(url), folder))
    finally:
        server.terminate()
        server.wait()
    report(table, options.latency)


def report(table: dict[str, list[float]], latency: float) -> None:
    """Print medians, spread, and the ratio to the plain script of the same kind."""
    median = {name: statistics.median(seconds) for name, seconds in table.items()}
    floors = {
        "tqb run, endpoint": "plain aiohttp script",
        "tqb run, litellm": "plain litellm script",
    }
    print(f"52 items at {latency:g} s, 16 at once; ideal {latency * math.ceil(52 / 16):.2f} s\n")
    print(f"{'':24}{'median':>9}{'min':>9}{'max':>9}   ratio to its plain script")
    for name, seconds in table.items():
        floor = floors.get(name)
        ratio = f"{median[name] / median[floor]:.2f}" if floor else ""
        print(f"{name:24}{median[name]:8.2f}s{min(seconds):8.2f}s{max(seconds):8.2f}s   {ratio}")


if __name__ == "__main__":
    main()
