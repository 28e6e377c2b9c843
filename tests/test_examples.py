"""The examples of `examples/` do what they say: their lines are run as they stand."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.conftest import RIGHT, Cli, bare_environment, write_answers

EXAMPLES = Path(__file__).parent.parent / "examples"
JOB: dict[str, Any] = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text("utf-8"))["tqb"]
SHELL = (EXAMPLES / "ci.sh").read_text("utf-8").splitlines(keepends=True)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the examples are for a POSIX shell")


@pytest.fixture
def project(cli: Cli, tmp_path: Path, capitals: Path) -> Path:
    """A repository with settings, a pipeline that is right, its baseline and its cassette."""
    write_answers(tmp_path / "a.jsonl", **RIGHT)
    (tmp_path / "tqb.toml").write_text(
        f'packs = ["./{capitals.name}"]\ntarget = "replay:a.jsonl"\nmax-broken = 0\n', "utf-8"
    )
    assert cli("run", "--record", "tqb-cassette").code == 0
    assert cli("baseline", "accept").code == 0
    return tmp_path


def run(project: Path, script: str, **variables: str) -> int:
    """Run a script with tqb on the PATH; return its exit code."""
    programs = sysconfig.get_path("scripts")
    env = bare_environment(**variables)
    env["PATH"] = os.pathsep.join((programs, env["PATH"]))
    command = ["sh", "-e", "-c", script]
    return subprocess.run(command, cwd=project, env=env, timeout=120, check=False).returncode


def junit(project: Path) -> tuple[int, int, int]:
    """Read where the job says that the report is: tests, failures, errors."""
    suite = ElementTree.parse(project / JOB["artifacts"]["reports"]["junit"]).getroot()
    tests, failures, errors = (int(suite.get(name, -1)) for name in ("tests", "failures", "errors"))
    return tests, failures, errors


def uninstalled(lines: list[str]) -> str:
    """Leave out the one line that installs."""
    kept = [line for line in lines if "pip install" not in line]
    assert len(kept) == len(lines) - 1
    return "".join(kept)


@pytest.mark.parametrize("script", ["\n".join(JOB["script"]), uninstalled(SHELL)])
def test_verdicts(project: Path, script: str) -> None:
    """The script ends as the gate does, and leaves the artifacts whatever the verdict."""
    assert run(project, script) == 0
    assert junit(project) == (4, 0, 0)
    write_answers(project / "a.jsonl", **{**RIGHT, "q2": "Milan"})
    assert run(project, script) == 1
    assert junit(project) == (4, 1, 0)
    assert all((project / path).is_file() for path in JOB["artifacts"]["paths"])
    write_answers(project / "a.jsonl", q1="Paris")
    assert run(project, script) == 3
    assert junit(project) == (4, 0, 3)


def test_without_the_key(project: Path) -> None:
    """The first rule is for forks: its variable has the cassette replayed, or the job fails."""
    script, fork = "\n".join(JOB["script"]), JOB["rules"][0]
    assert "== null" in fork["if"]
    write_answers(project / "a.jsonl", q1="not the recorded ones")
    assert run(project, script, **fork["variables"]) == 0
    (project / "tqb-cassette").rename(project / "gone")
    assert run(project, script, **fork["variables"]) == 2


def read(name: str) -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load((EXAMPLES / name).read_text("utf-8"))
    return jobs


def github_shards() -> tuple[list[tuple[str, dict[str, str]]], str]:
    """The line of each shard with its variables, and that of the job that judges."""
    jobs = read("github-shards.yml")["jobs"]
    asks = jobs["ask"]["steps"][3]
    shards = [
        (
            asks["run"],
            {k: v.replace("${{ matrix.shard }}", str(n)) for k, v in asks["env"].items()},
        )
        for n in jobs["ask"]["strategy"]["matrix"]["shard"]
    ]
    return shards, jobs["judge"]["steps"][4]["run"]


def gitlab_shards() -> tuple[list[tuple[str, dict[str, str]]], str]:
    """The same for GitLab, which fills in the number of each job and how many there are."""
    jobs = read("gitlab-shards.yml")
    ask = jobs["tqb-ask"]
    shards = []
    for n in range(1, ask["parallel"] + 1):
        own = {"CI_NODE_INDEX": str(n), "CI_NODE_TOTAL": str(ask["parallel"])}
        shard = ask["variables"]["TQB_SHARD"]
        for name, value in own.items():
            shard = shard.replace(f"${name}", value)
        shards.append(("\n".join(ask["script"]), {**own, "TQB_SHARD": shard}))
    return shards, "\n".join(jobs["tqb"]["script"])


@pytest.mark.parametrize("jobs", [github_shards, gitlab_shards])
def test_shards(project: Path, jobs: Callable[[], Any]) -> None:
    """Each job asks its part, and the last one judges the whole, unless one of them is missing."""
    shards, judge = jobs()

    def go() -> int:
        assert [run(project, line, **variables) for line, variables in shards] == [0] * 5
        return run(project, judge)

    assert go() == 0
    write_answers(project / "a.jsonl", **{**RIGHT, "q2": "Milan"})
    assert go() == 1
    (project / "shard-4.json").unlink()
    assert run(project, judge) == 2


def test_the_job_is_as_gitlab_wants_it() -> None:
    """Reports are kept whatever the verdict, no verdict is a warning, and pip has a cache."""
    assert JOB["artifacts"]["when"] == "always"
    assert JOB["allow_failure"] == {"exit_codes": 3}
    assert JOB["cache"]["paths"] == [JOB["variables"]["PIP_CACHE_DIR"].split("/", 1)[1]]
    assert all("pip install" in line for line in JOB["before_script"])
