"""The pytest plugin: each item of a pack is a test; real runs of pytest, in processes of their own.

The plugin is found as pytest finds any: by the entry point that `pyproject.toml` declares.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.test_imports import HEAVY
from tests.conftest import RIGHT, Cli, Ended, bare_environment, write_answers, write_items
from tests.openai_server import OpenAIServer, Reply

ROOT = Path(__file__).parent.parent
USAGE_ERROR = 4
"""Exit code of pytest where an option or a name cannot be used."""

Pytest = Callable[..., Ended]


@pytest.fixture
def run_pytest(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Pytest:
    """Run ``pytest ARGUMENTS`` in the test's folder, as where this project is installed."""
    folder = tmp_path_factory.mktemp("installed")
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    declared = re.search(r"^\[project\.entry-points\.pytest11\]\n(.+\n)", project, re.MULTILINE)
    assert declared
    info = folder / "declared-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: declared\nVersion: 0\n", "utf-8")
    points = f"[pytest11]\n{declared[1].replace(chr(34), '')}"
    (info / "entry_points.txt").write_text(points, "utf-8")

    def run(*arguments: object, env: dict[str, str] | None = None) -> Ended:
        kept = {k: v for k, v in bare_environment().items() if not k.startswith("PYTEST")}
        path = f"{folder}{os.pathsep}{ROOT}"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *map(str, arguments)],
            cwd=tmp_path,
            env={
                **kept,
                "PYTHONPATH": path,
                "COLUMNS": "200",
                **(env or {}),
            },
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


def outcomes(ended: Ended) -> dict[str, int]:
    """Return the counts of pytest's last line, by word."""
    last = ended.out.splitlines()[-1]
    return {word.rstrip("s"): int(number) for number, word in re.findall(r"(\d+) (\w+)", last)}


ONE_OF_EACH = {"q1": "Paris", "q2": "Milan", "q4": "Cairo"}
"""Two right answers and a wrong one; q3 has none, and its call fails."""


def test_unused_it_imports_nothing(run_pytest: Pytest, tmp_path: Path) -> None:
    """Without packs pytest loads the plugin's own module, and nothing behind it."""
    (tmp_path / "test_loaded.py").write_text(
        "import sys\n"
        "def test_loaded(request):\n"
        "    assert request.config.pluginmanager.has_plugin('tqb')\n"
        "    print('LOADED', *sorted(sys.modules))\n"
        "    assert False\n",
        "utf-8",
    )
    ended = run_pytest()
    loaded = next(line for line in ended.out.splitlines() if line.startswith("LOADED")).split()
    ours = {name for name in loaded if name.startswith("tqb")}
    assert ours == {"tqb", "tqb.pytest_plugin", "tqb.version"}
    assert not HEAVY & set(loaded)


def test_each_item_is_a_test(run_pytest: Pytest, tmp_path: Path, capitals: Path) -> None:
    """A wrong answer fails and says why; a call that failed is an error; JUnit says the same."""
    target = write_answers(tmp_path / "a.jsonl", **ONE_OF_EACH)
    flags = ("--tqb", capitals, "--tqb-target", target, "--strict-markers")
    ended = run_pytest(*flags, "--junitxml", "junit.xml")
    assert ended.code == 1
    assert outcomes(ended) == {"passed": 2, "failed": 1, "error": 1}
    assert "FAILED tqb::capitals::q2 - Failed: answered 'Milan', expected 'Rome'" in ended.out
    shown = ended.out.replace(" ", "")
    assert "questionCapitalofItaly?\nexpectedRome\nanswerMilan\nwhyisnotone" in shown
    assert "ERROR tqb::capitals::q3 - Failed: not_found: a.jsonl holds no answer" in ended.out
    assert "Traceback" not in ended.out
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["4", "1", "1"]
    cases = {case.get("name"): [one.tag for one in case] for case in suite.iter("testcase")}
    assert cases == {"q1": [], "q2": ["failure"], "q3": ["error"], "q4": []}


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [
        ((), {"France", "Italy", "Spain", "Egypt"}),
        (("-k", "q1 or capitals/q3"), {"France", "Spain"}),
        (("-m", "tqb and fr or far_south"), {"Italy", "Egypt"}),
        (("tqb::capitals::q4", "tqb::capitals::q1"), {"France", "Egypt"}),
    ],
)
def test_only_what_is_chosen_is_asked_and_at_once(
    run_pytest: Pytest, tmp_path: Path, chosen: tuple[str, ...], wanted: set[str]
) -> None:
    """-k, -m and ids decide what is asked, with language and category as markers; all at once."""
    pack = write_items(
        tmp_path / "capitals.jsonl",
        {"text": "France", "label": "France"},
        {"text": "Italy", "label": "Italy", "lang": "fr", "tags": {"category": "skip"}},
        {"text": "Spain", "label": "Spain"},
        {"text": "Egypt", "label": "Egypt", "tags": {"category": "far south"}},
    )

    def answer(body: dict[str, list[dict[str, str]]]) -> Reply:
        return Reply(body["messages"][-1]["content"], delay_s=0.2)

    with OpenAIServer(answer) as server:
        flags = ("--tqb", pack, "--tqb-target", f"{server.url}#m", "--strict-markers")
        ended = run_pytest(*flags, *chosen)
    asked = Counter(request.body["messages"][-1]["content"] for request in server.requests)
    assert asked == dict.fromkeys(wanted, 1)
    assert outcomes(ended)["passed"] == server.peak == len(wanted)
    assert ended.code == 0


def test_stops_at_the_first_failure_and_goes_on_with_the_last(
    run_pytest: Pytest, tmp_path: Path, capitals: Path
) -> None:
    """-x ends after the first wrong answer; --lf asks only what failed."""
    target = write_answers(tmp_path / "a.jsonl", **{**RIGHT, "q2": "Milan", "q3": "Barcelona"})
    flags = ("--tqb", capitals, "--tqb-target", target)
    assert outcomes(run_pytest(*flags, "-x")) == {"failed": 1, "passed": 1}
    assert outcomes(run_pytest(*flags)) == {"failed": 2, "passed": 2}
    assert outcomes(run_pytest(*flags, "--lf")) == {"failed": 2, "deselected": 2}


def test_workers_share_one_run(run_pytest: Pytest, tmp_path: Path, capitals: Path) -> None:
    """With pytest-xdist each question is asked once in all, and each worker reports its share."""
    with OpenAIServer("Paris") as server:
        flags = ("--tqb", capitals, "--tqb-target", f"{server.url}#m", "-v")
        ended = run_pytest(*flags, "-n", 2, "--maxschedchunk", 1)
    assert len(server.requests) == 4
    assert outcomes(ended) == {"failed": 3, "passed": 1}
    assert set(re.findall(r"^\[(gw\d)\]", ended.out, re.MULTILINE)) == {"gw0", "gw1"}
    assert "answered 'Paris', expected 'Rome'" in ended.out


@pytest.mark.parametrize("workers", [0, 2])
def test_with_a_baseline_the_gate_decides(run_pytest: Pytest, cli: Cli, workers: int) -> None:
    """Where the gate passes no wrong answer fails; where it fails, those do that were right."""
    assert cli("run", "-q").code == cli("baseline", "accept").code == 0
    flags = ("--tqb", "core-en", "--tqb-baseline", "tqb-baseline.jsonl", "-n", workers, "-rA")
    same = run_pytest(*flags)
    assert outcomes(same) == {"passed": 43, "xfailed": 10}
    assert "PASSED tqb::gate" in same.out
    assert same.code == 0
    broken = run_pytest(*flags, "--tqb-target", "demo:broken")
    assert outcomes(broken) == {"passed": 25, "xfailed": 8, "failed": 20}
    assert "FAILED tqb::gate - Failed: FAIL  core-en · demo:broken · 52 items" in broken.out
    assert "19 of 42 items that passed before now fail" in broken.out
    assert "failed in the baseline too" in broken.out
    assert broken.code == 1


def test_a_verdict_that_cannot_be_given_is_an_error(
    run_pytest: Pytest, tmp_path: Path, capitals: Path
) -> None:
    """Of dead servers and spent money no test fails, and none passes by accident."""
    (tmp_path / "tqb.toml").write_text("fail-under = 0.5\nretries = 0\n", "utf-8")
    with OpenAIServer(Reply(status=500)) as server:
        target = ("--tqb-target", f"{server.url}#m")
        dead = run_pytest("--tqb", capitals, *target)
        (tmp_path / "tqb.toml").write_text("max-cost = 0.0\n", "utf-8")
        spent = run_pytest("--tqb", capitals, *target)
    assert outcomes(dead) == {"error": 5}
    assert "ERROR tqb::gate - Failed: INCONCLUSIVE" in dead.out
    assert outcomes(spent) == {"skipped": 4, "error": 1}
    assert "ERROR tqb::gate - Failed: BUDGET EXCEEDED" in spent.out
    assert (dead.code, spent.code) == (1, 1)


def test_the_gate_alone_judges_all_that_is_selected(
    run_pytest: Pytest, tmp_path: Path, capitals: Path
) -> None:
    """Named by its id, the gate asks what the settings select, as `tqb run` would."""
    (tmp_path / "tqb.toml").write_text("fail-under = 0.5\nlimit = 2\n", "utf-8")
    with OpenAIServer("Rome") as server:
        ended = run_pytest("tqb::gate", "--tqb", capitals, "--tqb-target", f"{server.url}#m")
    assert outcomes(ended) == {"passed": 1}
    assert len(server.requests) == 2


def test_settings_are_those_of_the_project(
    run_pytest: Pytest, tmp_path: Path, capitals: Path
) -> None:
    """Packs and target of the ini file, the rest of tqb.toml, which TQB_* and options beat."""
    (tmp_path / "tqb.toml").write_text(
        'prompt = "p.txt"\nrepeats = 3\ntemperature = 0.5\nlimit = 1\ntarget = "no:such"\n', "utf-8"
    )
    (tmp_path / "p.txt").write_text("Q: {{ input }}", "utf-8")
    with OpenAIServer("Paris") as server:
        ini = f"[pytest]\ntqb_packs = {capitals.name}\ntqb_target = {server.url}#m\n"
        (tmp_path / "pytest.ini").write_text(ini, "utf-8")
        ended = run_pytest(env={"TQB_TEMPERATURE": "0.7"})
        (tmp_path / "test_own.py").write_text("def test_own(): pass\n", "utf-8")
        named = run_pytest("test_own.py")
    assert outcomes(ended) == outcomes(named) == {"passed": 1}
    assert "tqb::" not in named.out
    (body,) = {json.dumps(request.body, sort_keys=True) for request in server.requests}
    assert len(server.requests) == 3
    assert json.loads(body)["temperature"] == 0.7
    assert json.loads(body)["messages"] == [
        {"role": "user", "content": "Q: Capital of France?"},
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--tqb", "core-xx"), "no pack is named 'core-xx'"),
        (("--tqb", "core-en", "tqb::core-en::nile"), "no test is called tqb::core-en::nile"),
        (("--tqb", "core-en", "--tqb-config", "no.toml"), "no.toml"),
    ],
)
def test_what_cannot_be_used_is_said_at_once(
    run_pytest: Pytest, arguments: tuple[str, ...], said: str
) -> None:
    """An unknown pack, test or settings file ends the session in one line, before any test."""
    ended = run_pytest(*arguments)
    assert ended.code == USAGE_ERROR
    (line,) = [line for line in (ended.out + ended.err).splitlines() if line.strip()]
    assert said in line


def test_a_target_that_cannot_be_opened_is_an_error_of_each_test(run_pytest: Pytest) -> None:
    """Own tests go on; each question says in one line what is wrong."""
    ended = run_pytest("--tqb", "core-en", "--tqb-target", "python:nowhere:answer", "-k", "river")
    assert set(outcomes(ended)) == {"error", "deselected"}
    assert "Failed: " in ended.out
    assert "nowhere" in ended.out
    assert "Traceback" not in ended.out


OWN_TESTS = """
import asyncio
import pytest
import tqb

def test_right(tqb_run):
    assert tqb_run("capitals.jsonl", items=["q1"], fail_under=1).passed

def test_wrong(tqb_run):
    assert tqb_run("capitals.jsonl", target="replay:b.jsonl", fail_under=1).passed

def test_plain():
    assert tqb.run("capitals.jsonl", target="replay:b.jsonl", fail_under=1).passed

def test_loop(tqb_run):
    async def inside():
        with pytest.raises(tqb.errors.ConfigError, match="an event loop is running here"):
            tqb_run("capitals.jsonl")
        return await asyncio.to_thread(tqb_run, "capitals.jsonl")
    assert asyncio.run(inside()).passed
"""


def test_asserting_in_code(run_pytest: Pytest, tmp_path: Path, capitals: Path) -> None:
    """`tqb_run` takes the project's settings; a failed assertion shows verdict, reason and items.

    In a running loop it says how to be called, and is then called so.
    """
    assert capitals.exists()
    write_answers(tmp_path / "b.jsonl", **{**RIGHT, "q2": "Milan"})
    target = write_answers(tmp_path / "a.jsonl", **RIGHT)
    (tmp_path / "tqb.toml").write_text(f'target = "{target}"\n', "utf-8")
    (tmp_path / "test_own.py").write_text(OWN_TESTS, "utf-8")
    ended = run_pytest("test_own.py")
    assert outcomes(ended) == {"failed": 2, "passed": 2}
    said = r"assert False\n.* where False = <Report FAIL: 3 of 4 right · .* · wrong: capitals/q2>"
    assert len(re.findall(said, ended.out)) == 2
    section = ended.out.partition("Captured tqb call")[2]
    assert "answer    Milan" in section
    assert not (tmp_path / ".tqb").exists()
