"""Several targets, prompts and suites in one run: each cell alone, and what they are together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from tests.conftest import RIGHT, Cli, Write, bare_environment, write_answers
from tests.formats.write_schema import SCHEMA
from tests.openai_server import Body, OpenAIServer, Reply, last_user_turn
from tests.test_shards import read, timeless

TRUE = {
    "Capital of France?": "Paris",
    "Capital of Italy?": "Rome",
    "Capital of Spain?": "Madrid",
    "Capital of Egypt?": "Cairo",
}


def capital(body: Body) -> str:
    """Answer rightly as the model `good`, and as `bad` but for two; a loud prompt confuses both."""
    question = last_user_turn(body)
    if question.endswith("!"):
        return "I do not know."
    wrong = body["model"] == "bad" and ("France" in question or "Spain" in question)
    return "Oslo" if wrong else TRUE[question]


def cells(path: Path) -> dict[str, Any]:
    """Return the cells of a JSON by name."""
    return {cell["name"]: cell for cell in read(path)["cells"]}


def test_cells_are_runs(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Each target meets each prompt, and each cell's report is that of a run by itself."""
    (tmp_path / "plain.txt").write_text("{{ input }}", "utf-8")
    (tmp_path / "loud.txt").write_text("{{ input }}!", "utf-8")
    with OpenAIServer(capital) as server:
        models = [f"{server.url}#good", f"{server.url}#bad"]
        flags = (capitals, "--fail-under", 0.75, "--no-history")
        axes = [word for model in models for word in ("-m", model)]
        axes += ["--prompt", "plain.txt", "--prompt", "loud.txt"]
        ended = cli("run", *flags, *axes, "-o", "all.json")
        assert len(server.requests) == 16
        assert ended.code == 1
        assert ended.out.startswith("FAIL  4 cells: 1 pass, 3 fail\n")
        schema = json.loads(SCHEMA.with_name("matrix.schema.json").read_text("utf-8"))
        Draft202012Validator(schema).validate(read(tmp_path / "all.json"))
        made = cells(tmp_path / "all.json")
        for model in models:
            for prompt in ("plain.txt", "loud.txt"):
                cli("run", *flags, "-m", model, "--prompt", prompt, "-o", "one.json")
                cell = made[f"{model} · {prompt}"]
                assert timeless(cell["report"]) == timeless(read(tmp_path / "one.json"))
                assert cell["verdict"] == cell["report"]["verdict"]
                assert (cell["target"], cell["prompt"]) == (model, prompt)


def test_what_cells_have_over_each_other(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Each cell is held against the first over what both answered, with a paired interval."""
    good = write_answers(tmp_path / "good.jsonl", **RIGHT)
    less = write_answers(tmp_path / "less.jsonl", q1="Oslo", q2="Rome", q3="Madrid")
    ended = cli("run", capitals, "-m", good, "-m", less, "--max-errors", 0.5, "-o", "all.json")
    assert ended.code == 0, ended.out
    (contrast,) = read(tmp_path / "all.json")["contrasts"]
    assert contrast == {
        "cell": less,
        "against": good,
        "items": 3,
        "gained": 0,
        "lost": 1,
        "difference": -0.333333,
        "interval": contrast["interval"],
        "p_value": 1.0,
    }
    low, high = contrast["interval"]
    assert -0.85 < low < -0.3 < 0.3 < high < 0.6
    assert f"{less}  PASS     2 of 3  0.667 (0.21–0.94)  -33.3 (" in ended.out


def test_a_target_that_cannot_be_asked(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Its cell is inconclusive by itself; the others are judged, and a failing one fails all."""
    good = write_answers(tmp_path / "good.jsonl", **RIGHT)
    bad = write_answers(tmp_path / "bad.jsonl", **{**RIGHT, "q1": "Oslo"})
    run = ("run", capitals, "--fail-under", 1, "-m", good, "-m", "python:nowhere:answer")
    ended = cli(*run, "-o", "all.json")
    assert ended.code == 3
    assert ended.out.startswith("INCONCLUSIVE  2 cells: 1 pass, 1 inconclusive\n")
    assert "  python:nowhere:answer: could not run: " in ended.out
    cell = cells(tmp_path / "all.json")["python:nowhere:answer"]
    assert (cell["report"], cell["verdict"]["exit_code"]) == (None, 3)
    ended = cli(*run, "-m", bad)
    assert ended.code == 1
    assert ended.out.startswith("FAIL  3 cells: 1 pass, 1 fail, 1 inconclusive\n")
    cli(*run, "-o", "a.junit.xml")
    root = ElementTree.parse(tmp_path / "a.junit.xml").getroot()
    assert (root.get("tests"), root.get("errors")) == ("5", "1")
    assert root[-1].get("name") == "python:nowhere:answer"


def test_nothing_is_asked_where_a_cell_is_ill_told(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """What is wrong with a prompt, a pack or a baseline shows before any cell begins."""
    with OpenAIServer(capital) as server:
        run = ("run", capitals, "-m", f"{server.url}#good", "-m", f"{server.url}#bad")
        for flags in (
            ("--prompt", "there.txt", "--prompt", "gone.txt"),
            ("--baseline", "gone.jsonl"),
            ("nowhere.jsonl",),
        ):
            (tmp_path / "there.txt").write_text("{{ input }}", "utf-8")
            assert cli(*run, *flags).code == 2
    assert not server.requests


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--shard", "1/2"), "--shard goes with one target, one prompt and no [[suite]]"),
        (("--watch",), "--watch goes with one target and one prompt"),
        (("-o", "page.html"), "several cells are written as .json, .junit.xml, .md"),
        (("-m", "demo"), "demo is there twice"),
    ],
)
def test_what_does_not_go_together(cli: Cli, flags: tuple[str, ...], said: str) -> None:
    """A flag that several cells cannot have is refused in a sentence."""
    ended = cli("run", "-m", "demo", "-m", "demo:broken", *flags)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_one_limit_for_a_provider(cli: Cli, capitals: Path) -> None:
    """Two models of one host share --rpm: the second gets what the first left of the minute."""
    with OpenAIServer(capital) as server:
        targets = ("-m", f"{server.url}#good", "-m", f"{server.url}#bad")
        ended = cli("run", capitals, *targets, "--rpm", 6, "--deadline", 3)
    assert ended.code == 3
    assert len(server.requests) == 6
    assert ended.out.startswith("INCONCLUSIVE  2 cells: 1 pass, 1 inconclusive\n")


def test_one_budget_for_all(cli: Cli, write_module: Write, capitals: Path) -> None:
    """What the first cell spent the second has no more, and a third is asked nothing."""
    write_module(
        "app.py",
        "def answer(question):\n    return {'answer': 'Paris', 'cost_usd': 0.01}\n"
        "first = second = third = answer\n",
    )
    targets = [
        word for name in ("first", "second", "third") for word in ("-m", f"python:app:{name}")
    ]
    ended = cli("run", capitals, *targets, "--max-cost", 0.06)
    assert ended.code == 4
    assert ended.out.startswith("BUDGET EXCEEDED  3 cells: 1 pass, 2 budget exceeded\n")
    assert "python:app:third: 4 of 4 questions were not asked" in ended.out


def test_what_cells_cost_together(cli: Cli, write_module: Write, capitals: Path) -> None:
    """A dear answer at the very end breaks the budget of all, though no cell is over it."""
    write_module(
        "app.py",
        "def a(question):\n    return {'answer': 'Paris', 'cost_usd': 0.01}\n"
        "def b(question):\n"
        "    return {'answer': 'Paris', 'cost_usd': 0.05 if 'Egypt' in question else 0.01}\n",
    )
    targets = ("-m", "python:app:a", "-m", "python:app:b")
    ended = cli("run", capitals, *targets, "-j", 1, "--max-cost", 0.1)
    assert ended.code == 4
    assert "the cells cost $0.1200, and --max-cost allows $0.1" in ended.out


def test_a_target_without_a_price(cli: Cli, write_module: Write, capitals: Path) -> None:
    """Under a budget it is asked nothing, and the cells after it are."""
    write_module("app.py", "def a(question):\n    return {'answer': 'x', 'cost_usd': 0.01}\n")
    with OpenAIServer(capital) as server:
        targets = ("-m", f"{server.url}#good", "-m", "python:app:a")
        ended = cli("run", capitals, *targets, "--max-cost", 1)
        assert not server.requests
    assert ended.out.startswith("BUDGET EXCEEDED  2 cells: 1 pass, 1 budget exceeded\n")


@pytest.mark.skipif(os.name == "nt", reason="named pipes are POSIX's")
def test_what_can_be_read_once(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """A prompt out of a pipe would be empty for the second cell: it is refused."""
    os.mkfifo(tmp_path / "pipe")
    ended = cli("run", capitals, "-m", "demo", "-m", "demo:broken", "--prompt", "pipe")
    assert (ended.code, ended.out) == (2, "")
    assert "pipe: can be read once, and there are several cells: give a file" in ended.err


@pytest.mark.skipif(os.name == "nt", reason="echo is POSIX's")
def test_a_long_name(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """A cell whose name no file can have has a file all the same, and its baseline is found."""
    long = f"cmd:echo {'number ' * 60}"
    run = ("run", capitals, "-m", "replay:good.jsonl", "-m", long)
    write_answers(tmp_path / "good.jsonl", **RIGHT)
    assert cli(*run).code == 0
    assert cli("baseline", "accept").code == 0
    assert cli(*run, "--baseline", "tqb-baselines").code == 0
    one = cli("run", capitals, "-m", "replay:good.jsonl", "--baseline", "tqb-baselines")
    assert one.code == 0, one.err
    assert "none of 4 items that passed before now fails" in one.out


def test_baselines_of_cells(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Each cell is compared with its own baseline, in the folder that `accept` made."""
    good = write_answers(tmp_path / "good.jsonl", **RIGHT)
    poor = write_answers(tmp_path / "poor.jsonl", q1="Oslo", q2="Oslo", q3="Oslo", q4="Cairo")
    run = ("run", capitals, "-m", good, "-m", poor)
    assert cli(*run).code == 0
    ended = cli("baseline", "accept")
    assert ended.code == 0
    assert sorted(path.name for path in (tmp_path / "tqb-baselines").iterdir()) == [
        "replay-good.jsonl.jsonl",
        "replay-poor.jsonl.jsonl",
    ]
    assert cli(*run, "--baseline", "tqb-baselines", "--max-broken", 0).code == 0
    write_answers(tmp_path / "poor.jsonl", q1="Oslo", q2="Oslo", q3="Oslo", q4="Oslo")
    ended = cli(*run, "--baseline", "tqb-baselines", "--max-broken", 0)
    assert ended.code == 1
    assert "replay:poor.jsonl: 1 item broken, --max-broken allows 0" in ended.out
    new = write_answers(tmp_path / "new.jsonl", **RIGHT)
    ended = cli(*run, "-m", new, "--baseline", "tqb-baselines")
    assert (ended.code, ended.out) == (2, "")
    assert "replay-new.jsonl.jsonl: there is no such file" in ended.err


SUITES = """
target = "replay:good.jsonl"
fail-under = 0.9

[[suite]]
name = "all"
packs = ["capitals.jsonl"]
target = ["replay:good.jsonl", "replay:poor.jsonl"]

[[suite]]
name = "few"
packs = ["capitals.jsonl"]
scorer = "exact"
limit = 2
fail-under = 0.0
"""


@pytest.fixture
def suites(tmp_path: Path, capitals: Path) -> Path:
    """Two suites, of which the first has two targets."""
    write_answers(tmp_path / "good.jsonl", **RIGHT)
    write_answers(tmp_path / "poor.jsonl", **{**RIGHT, "q1": "Oslo"})
    path = tmp_path / "tqb.toml"
    path.write_text(SUITES, "utf-8")
    return path


def test_suites(cli: Cli, tmp_path: Path, suites: Path) -> None:
    """A suite says what is its own, and takes the rest from the file; a flag overrules both."""
    ended = cli("run", "-o", "all.json")
    assert ended.code == 1
    made = cells(tmp_path / "all.json")
    assert {name: cell["verdict"]["status"] for name, cell in made.items()} == {
        "all · replay:good.jsonl": "pass",
        "all · replay:poor.jsonl": "fail",
        "few": "pass",
    }
    few = made["few"]["report"]
    assert (few["run"]["scorer"], few["metrics"]["n"]) == ("exact", 2)
    assert "all · replay:poor.jsonl: accuracy 0.750 (3 of 4) is under --fail-under 0.9" in ended.out
    assert cli("run", "--fail-under", 0.5).code == 0
    assert cli("run", "-m", "replay:good.jsonl", "-o", "two.json").code == 0
    assert list(cells(tmp_path / "two.json")) == ["all", "few"]
    assert cli("run", env={"TQB_FAIL_UNDER": "0.5"}).code == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "few"\n', "", 'tqb.toml:10: this suite has no name; add name = "…"'),
        ('name = "few"', 'name = "all"', "tqb.toml:11: two suites are called 'all'"),
        ("limit = 2", "limit = 0", "tqb.toml:14: limit = 0: "),
        ("limit = 2", "limits = 2", "tqb.toml:14: 'limits' is not a setting of a suite; did you"),
        ("limit = 2", "target = []", "tqb.toml:14: target = []: "),
        ("limit = 2", "quiet = true", "tqb.toml:14: 'quiet' is not a setting of a suite"),
        ('[[suite]]\nname = "few"', "[suite.few]", "tqb.toml"),
    ],
)
def test_suites_that_are_ill_written(cli: Cli, suites: Path, old: str, new: str, said: str) -> None:
    """What is wrong with a suite is said with its line."""
    suites.write_text(suites.read_text("utf-8").replace(old, new), "utf-8")
    ended = cli("run")
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_suites_from_another_folder(cli: Cli, tmp_path: Path, suites: Path) -> None:
    """A cell is called as its file has it, so that its baseline is found from anywhere."""
    text = suites.read_text("utf-8").replace("fail-under = 0.9", "fail-under = 0.5")
    suites.write_text(text, "utf-8")
    assert cli("run").code == 0
    assert cli("baseline", "accept", "-o", "bases").code == 0
    suites.write_text(text.replace('name = "all"', 'name = "all"\nbaseline = "bases"'), "utf-8")
    (tmp_path / "below").mkdir()
    for folder in (tmp_path, tmp_path / "below"):
        ended = cli("run", cwd=folder)
        assert ended.code == 0, ended.err
        assert "all · replay:good.jsonl" in ended.out


def test_shards_and_suites(cli: Cli, suites: Path) -> None:
    """A suite has rules that no merge would know, so it is not split."""
    ended = cli("run", "--shard", "1/2")
    assert ended.code == 2
    assert "--shard goes with one target, one prompt and no [[suite]]" in ended.err


def test_a_variable_is_one_target(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Spaces in TQB_TARGET and TQB_PROMPT make no second one of it."""
    write_answers(tmp_path / "a.jsonl", **RIGHT)
    (tmp_path / "my answers.jsonl").write_text((tmp_path / "a.jsonl").read_text("utf-8"), "utf-8")
    (tmp_path / "my prompt.txt").write_text("{{ input }}", "utf-8")
    env = {"TQB_TARGET": "replay:my answers.jsonl", "TQB_PROMPT": "my prompt.txt"}
    ended = cli("run", capitals, "--fail-under", 1, env=env)
    assert ended.code == 0, ended.out + ended.err
    assert "replay:my answers.jsonl · 4 items" in ended.out


def test_outputs(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """JUnit has a suite for each cell, Markdown the table, and of each cell `tqb report` more."""
    good = write_answers(tmp_path / "good.jsonl", **RIGHT)
    bad = write_answers(tmp_path / "b.jsonl", **{**RIGHT, "q1": "<b>|`@all`"})
    outputs = ("-o", "a.junit.xml", "-o", "a.md")
    summary = tmp_path / "summary.md"
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    ended = cli("run", capitals, "-m", good, "-m", bad, "--fail-under", 1, *outputs, env=env)
    assert ended.code == 1
    assert "::error title=tqb%3A FAIL::replay:b.jsonl: accuracy 0.750" in ended.out
    root = ElementTree.parse(tmp_path / "a.junit.xml").getroot()
    assert [suite.get("name") for suite in root] == [f"{good} · capitals", f"{bad} · capitals"]
    assert [root.get(name) for name in ("tests", "failures")] == ["8", "1"]
    names = {(case.get("classname"), case.get("name")) for case in root.iter("testcase")}
    assert len(names) == 8
    table = (tmp_path / "a.md").read_text("utf-8")
    assert summary.read_text("utf-8").strip() == table.strip()
    assert table.startswith("### tqb: FAIL\n\n2 cells: 1 pass, 1 fail\n")
    assert "| `replay:b.jsonl` | FAIL | 3 of 4 | 0.750 (" in table
    assert cli("report", ".tqb/cells/replay-b.jsonl.json", "-o", "b.html").code == 0
    ended = cli("report", "-o", "all.html")
    assert ended.code == 2
    assert "last-run.json: holds several runs: name the report of one" in ended.err


def test_a_dry_run_of_cells(cli: Cli, capitals: Path) -> None:
    """`--dry-run` tells what each cell would take, and asks nobody."""
    with OpenAIServer(capital) as server:
        ended = cli("run", capitals, "-m", f"{server.url}#good", "-m", "demo", "--dry-run")
    assert ended.code == 0
    assert ended.out.count("DRY RUN") == 2
    assert not server.requests


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_an_interruption(tmp_path: Path, capitals: Path) -> None:
    """Ctrl-C ends the cell that is under way, the others are not begun, and --resume goes on."""
    slow = {"on": True}

    def answer(body: Body) -> str | Reply:
        said = capital(body)
        return Reply(said, hang=True) if slow["on"] and "Egypt" in last_user_turn(body) else said

    with OpenAIServer(answer) as server:
        command = [sys.executable, "-m", "tqb", "run", str(capitals)]
        command += ["-m", f"{server.url}#good", "-m", f"{server.url}#bad", "-o", "all.json"]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=bare_environment(), stdout=subprocess.PIPE, text=True
        )
        while len(server.requests) < 4:
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        assert out.startswith("INTERRUPTED  2 cells: ")
        assert not any(one.body["model"] == "bad" for one in server.requests)
        slow["on"] = False
        before = len(server.requests)
        again = subprocess.run(
            [*command, "--resume"], cwd=tmp_path, env=bare_environment(), check=False
        )
        assert again.returncode == 0
        assert len(server.requests) - before == 5
    assert [
        cell["report"]["metrics"]["n"]
        for cell in json.loads((tmp_path / "all.json").read_text("utf-8"))["cells"]
    ] == [4, 4]
