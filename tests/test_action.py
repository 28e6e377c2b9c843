"""The GitHub action: how it is written, and what its scripts do with what they are given."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.test_github import read_outputs
from tests.conftest import RIGHT, Cli, bare_environment, write_answers

ROOT = Path(__file__).parent.parent
ACTION = ROOT / ".github" / "actions" / "tqb"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BASELINE = ROOT / ".github" / "tqb-baseline.jsonl"
HOSTILE = "\n".join(
    ("$(touch pwned)", "`touch pwned`", "; touch pwned #", "' \" ; touch pwned", "*", "${HOME}")
)
posix_only = pytest.mark.skipif(os.name == "nt", reason="`bash` may be another system's here")


def read(path: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return parsed


def steps() -> list[dict[str, Any]]:
    """The steps of the action and of all workflows."""
    jobs = [job for path in WORKFLOWS for job in read(path)["jobs"].values()]
    return [step for part in (read(ACTION / "action.yml")["runs"], *jobs) for step in part["steps"]]


class Job:
    """A job's folder, and the step of the action that runs the gate there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_answers(folder / "a.jsonl", **RIGHT)
        self.inputs = {
            "PACKS": "capitals.jsonl",
            "TARGET": "replay:a.jsonl",
            **dict.fromkeys(("BASELINE", "CONFIG", "ARGS", "NEEDS_SECRET", "CASSETTE"), ""),
            "ON_INCONCLUSIVE": "fail",
        }
        self.said = ""

    def run(self, script: str = "run.sh", **given: str) -> int:
        """Run a script of the action; inputs are given in capitals, variables in small letters."""
        inputs = {**self.inputs, **{name: v for name, v in given.items() if name.isupper()}}
        env = bare_environment(
            GITHUB_ACTIONS="true",
            GITHUB_OUTPUT=str(self.folder / "output"),
            GITHUB_STEP_SUMMARY=str(self.folder / "summary.md"),
            TQB=str(Path(sysconfig.get_path("scripts")) / "tqb"),
            **{f"INPUT_{name}": value for name, value in inputs.items()},
            **{name.upper(): value for name, value in given.items() if name.islower()},
        )
        for name in ("output", "summary.md"):
            (self.folder / name).write_text("", "utf-8")
        command = ["bash", str(ACTION / script)]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        self.said = done.stdout
        assert not list(self.folder.rglob("pwned")), "an input was executed"
        return done.returncode

    @property
    def summary(self) -> str:
        return (self.folder / "summary.md").read_text("utf-8")

    @property
    def outputs(self) -> dict[str, str]:
        """Read both forms of an output; the last of a name holds."""
        text = (self.folder / "output").read_text("utf-8")
        plain = re.sub(r"^([a-z-]+)=(.*)$", r"\1<<END\n\2\nEND", text, flags=re.MULTILINE)
        return read_outputs(plain)


@pytest.fixture
def job(tmp_path: Path, capitals: Path) -> Job:
    """A job in a folder with four questions and the right answers to them."""
    return Job(tmp_path)


def test_no_expression_stands_in_a_script() -> None:
    """What a run script needs it has from its environment, and each says its shell."""
    action = read(ACTION / "action.yml")
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert ("uses" in step) != (step.get("shell") == "bash")
        assert "${{" not in step.get("run", "")
    given = str([step.get("env", {}) | step.get("with", {}) for step in action["runs"]["steps"]])
    conditions = str([step.get("if") for step in action["runs"]["steps"]])
    for name in action["inputs"]:
        assert f"inputs.{name} " in f"{given} {conditions}", name
    for step in steps():
        if step.get("uses", "").startswith("./"):
            assert set(step["with"]) <= set(action["inputs"])


def test_actions_of_others_are_pinned() -> None:
    """Each is named by a commit, with its version beside it; nothing may write."""
    for path in (ACTION / "action.yml", *WORKFLOWS):
        text = path.read_text("utf-8")
        for used in re.findall(r"uses: (.*)", text):
            assert re.fullmatch(r"\./[\w./-]+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used
    assert all(read(path)["permissions"] == {"contents": "read"} for path in WORKFLOWS)


def test_the_workflow_knows_a_broken_gate(cli: Cli) -> None:
    """Against the committed baseline the demo passes, and the broken demo fails."""
    smoke = read(ROOT / ".github" / "workflows" / "smoke.yml")["jobs"]["gate"]["steps"]
    inputs = {step["id"]: step["with"] for step in smoke if "id" in step}
    for name, code in (("demo", 0), ("broken", 1)):
        given = inputs[name]
        baseline = ROOT / given["baseline"]
        ended = cli("run", given["packs"], "--target", given["target"], "--baseline", baseline)
        assert ended.code == code, ended.out
    assert inputs["demo"]["target"] == "demo"
    assert inputs["broken"]["target"] == "demo:broken"
    check = {
        "DEMO": "pass",
        "BROKEN": "failure fail 1",
    }
    for change, code in ({}, 0), ({"DEMO": "skipped"}, 1), ({"BROKEN": "success pass 0"}, 1):
        env = {**os.environ, **check, **change}
        done = subprocess.run(["sh", "-c", smoke[-1]["run"]], env=env, check=False)
        assert done.returncode == code


@posix_only
def test_pass_and_failure(job: Job, cli: Cli) -> None:
    """The step ends as the gate does, and says the same by its outputs."""
    assert cli("run", "capitals.jsonl", "-m", "replay:a.jsonl", "-o", "base.json").code == 0
    assert job.run(BASELINE="base.json", NEEDS_SECRET="A_KEY", a_key="x") == 0
    assert job.outputs["status"] == "pass"
    assert job.outputs["mode"] == "live"
    assert "### tqb: PASS" in job.summary
    write_answers(job.folder / "a.jsonl", **{**RIGHT, "q2": "Oslo"})
    assert job.run(BASELINE="base.json", ARGS="--max-broken\n0\n") == 1
    outputs = {name: job.outputs[name] for name in ("status", "exit-code", "broken", "accuracy")}
    assert outputs == {"status": "fail", "exit-code": "1", "broken": "1", "accuracy": "0.75"}
    assert (job.folder / job.outputs["report"]).is_file()
    assert job.run(ARGS="--no-such-flag") == 2
    assert (job.outputs["status"], job.outputs["exit-code"]) == ("error", "2")
    assert "::error title=tqb%3A no verdict::" in job.said


@posix_only
def test_without_the_secret(job: Job, cli: Cli) -> None:
    """A fork's run is skipped, and says so everywhere; with a cassette it is replayed."""
    assert job.run(NEEDS_SECRET="A_KEY, OTHER_KEY", CASSETTE="kept", other_key="x") == 0
    assert job.outputs == {"mode": "skipped", "status": "skipped", "exit-code": ""}
    assert job.said.startswith("::notice title=tqb%3A not run%3A no secret::A_KEY is not set here")
    assert "PASS" not in job.said
    assert job.summary.startswith("### tqb: not run: no secret\n")

    cli("run", "capitals.jsonl", "-m", "replay:a.jsonl", "--record", "kept")
    write_answers(job.folder / "a.jsonl", q1="not the recorded ones")
    assert job.run(NEEDS_SECRET="A_KEY", CASSETTE="kept", ARGS="--fail-under=1") == 0
    assert (job.outputs["mode"], job.outputs["status"]) == ("replay", "pass")
    assert "4 answers from the cassette: nobody was asked" in job.said
    assert "### tqb: replayed: no secret" in job.summary

    (job.folder / "prompt.txt").write_text("Not recorded: {{ input }}", "utf-8")
    changed = {"ARGS": "--prompt=prompt.txt", "ON_INCONCLUSIVE": "neutral"}
    assert job.run(NEEDS_SECRET="A_KEY", CASSETTE="kept", **changed) == 3
    assert job.outputs["status"] == "inconclusive"

    assert job.run(NEEDS_SECRET="sk-a-key-itself") == 2
    assert "sk-a-key" not in job.said
    assert "no verdict" in job.summary


@posix_only
def test_inconclusive(job: Job) -> None:
    """A dead pipeline fails the job, unless the job is to go on without a verdict, and says so."""
    dead = {"TARGET": "http://127.0.0.1:9/v1#m", "ARGS": "--retries=0"}
    assert job.run(**dead) == 3
    assert job.outputs["status"] == "inconclusive"
    assert job.run(**dead, ON_INCONCLUSIVE="neutral") == 0
    assert (job.outputs["status"], job.outputs["exit-code"]) == ("inconclusive", "3")
    assert "::warning title=tqb%3A neutral::" in job.said
    assert "### tqb: neutral\n" in job.summary
    assert job.run(**dead, ON_INCONCLUSIVE="ignore") == 2


@posix_only
def test_inputs_are_never_executed(job: Job) -> None:
    """Quotes, substitutions and line ends in an input reach tqb as they are, and are refused."""
    names = ("PACKS", "TARGET", "BASELINE", "CONFIG", "ARGS")
    assert job.run(**dict.fromkeys(names, HOSTILE)) == 2
    assert job.run(NEEDS_SECRET=HOSTILE) == 2
    assert job.run(NEEDS_SECRET="A_KEY", CASSETTE=HOSTILE) == 0
    assert job.outputs["status"] == "skipped"


@posix_only
def test_an_argument_is_a_line(job: Job) -> None:
    """Spaces and quotes within a line are part of the argument."""
    assert job.run(ARGS='  -o\r\n  a "b" $(c).json\n\n') == 0
    assert (job.folder / 'a "b" $(c).json').is_file()
    assert job.outputs["report"] == 'a "b" $(c).json'


RECORDER = """#!{python}
import pathlib, sys
with open({log!r}, "a") as log:
    print(*sys.argv[1:], sep="|", file=log)
if sys.argv[1:3] == ["-m", "venv"]:
    programs = pathlib.Path(sys.argv[3], "bin")
    programs.mkdir(parents=True)
    for name in ("python", "tqb"):
        (programs / name).symlink_to(pathlib.Path(__file__).resolve())
"""


@posix_only
def test_what_is_installed(job: Job) -> None:
    """By default the lock file and this project; else what is named, where `tqb` is this one."""
    log = job.folder / "log"
    recorder = job.folder / "recorder"
    recorder.write_text(RECORDER.format(python=sys.executable, log=str(log)), "utf-8")
    recorder.chmod(0o755)

    def installed(venv: str, wanted: str) -> list[str]:
        log.write_text("", "utf-8")
        place = job.folder / venv
        assert job.run("install.sh", INSTALL=wanted, python=str(recorder), venv=str(place)) == 0
        assert job.outputs["tqb"] == str(place / "bin" / "tqb")
        lines = log.read_text("utf-8").splitlines()
        assert lines[0] == f"-m|venv|{place}"
        assert lines[-1] == "--version"
        pip = "-m|pip|install|--quiet|--disable-pip-version-check|"
        assert all(line.startswith(pip) for line in lines[1:-1])
        return [line.removeprefix(pip) for line in lines[1:-1]]

    lock = f"--requirement|{ROOT / 'requirements.lock'}"
    assert installed("one", "") == [lock, f"--no-deps|{ROOT}"]
    assert installed("two", "tqb\n-r\nmy requirements.txt\n$(touch pwned)") == [
        f"{ROOT}|-r|my requirements.txt|$(touch pwned)"
    ]


@posix_only
def test_the_lines_within_the_action(job: Job) -> None:
    """The cache knows what is installed, and a comment that cannot be kept is a warning."""
    scripts = {
        step.get("id", "comment"): step for step in read(ACTION / "action.yml")["runs"]["steps"]
    }

    def run(name: str, **env: str) -> str:
        output = job.folder / "lines"
        given = bare_environment(GITHUB_OUTPUT=str(output), GITHUB_ACTION_PATH=str(ACTION), **env)
        command = ["bash", "-e", "-o", "pipefail", "-c", scripts[name]["run"]]
        done = subprocess.run(
            command, cwd=job.folder, env=given, stdout=subprocess.PIPE, check=True
        )
        return done.stdout.decode() + (output.read_text("utf-8") if output.exists() else "")

    run("key", PYTHON=sys.executable, INPUT_INSTALL="")
    hashes = run("key", PYTHON=sys.executable, INPUT_INSTALL="tqb\n-r\nmine.txt")
    first, second = re.findall(r"^hash=([0-9a-f]{64})$", hashes, re.MULTILINE)
    assert first != second
    program = str(Path(sysconfig.get_path("scripts")) / "tqb")
    said = run("comment", TQB=program, REPORT="none.json", GITHUB_TOKEN="x")
    assert said.startswith("::warning title=tqb%3A no comment::")
