"""The whole path, from `tqb init` to what a pull request shows, in a repository of its own.

What is run is what a user has: the command that `tqb init` prints, the hooks as git calls them, and
the steps of the workflow as they were written.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tests.conftest import write_items
from tests.github_server import REPOSITORY, TOKEN, GitHubServer
from tests.workplace import Workplace, make_workplace

APP = '''
"""An app with a model that knows four capitals, and else what the prompt tells it."""

from tqb.errors import CallError

CAPITALS = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Egypt": "Cairo"}
IS_UP = True


def answer(messages):
    if not IS_UP:
        raise CallError("connection", "the provider is down", retryable=False)
    prompt = messages[-1]["content"]
    if "opens at" in prompt:
        return prompt.partition("opens at ")[2].split()[0]
    return next((city for land, city in CAPITALS.items() if land in prompt), "Who knows?")
'''
LANDS = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Egypt": "Cairo"}
HOURS = {"bank": "9:00", "bakery": "6:30", "museum": "10:15", "library": "8:45"}
PROMPT = "{{ context }}\n{{ input }}\n"
BROKEN = {f"questions/{place}" for place in HOURS}


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """An app in a repository, set up by `tqb init` and by the command that this prints."""
    made = make_workplace(tmp_path_factory.mktemp("whole"))
    made.write("app.py", APP)
    made.write("prompt.txt", PROMPT)
    write_items(
        made.folder / "questions.jsonl",
        *({"id": land, "text": f"Capital of {land}?", "label": LANDS[land]} for land in LANDS),
        *(
            {
                "id": place,
                "text": f"When does the {place} open?",
                "label": time,
                "context": f"The {place} opens at {time} on weekdays.",
            }
            for place, time in HOURS.items()
        ),
    )
    assert made.commit() == (0, "")
    flags = "--target python:app:answer --prompt prompt.txt --pack questions.jsonl"
    code, said = made.shell(f"tqb init {flags}")
    assert code == 0, said
    code, said = made.shell(re.findall("^Next: (.*)$", said, re.MULTILINE)[0])
    assert code == 0, said
    made.run("git", "tag", "gated")
    return made


@pytest.fixture
def project(gated: Workplace) -> Iterator[Workplace]:
    """The app behind its gate, as it was when that was set up."""
    yield gated
    gated.run("git", "reset", "-q", "--hard", "gated")
    gated.run("git", "clean", "-q", "-f", "-d")
    for name in ("output", "summary.md"):
        (gated.home / name).unlink(missing_ok=True)


def names(pattern: str, text: str) -> set[str]:
    return set(re.findall(pattern, text, re.MULTILINE))


def failed(junit: Path, kind: str) -> set[str]:
    cases = ElementTree.parse(junit).iter("testcase")
    return {f"{c.get('classname')}/{c.get('name')}" for c in cases if c.find(kind) is not None}


def comment(project: Workplace, *, times: int = 1) -> str:
    """Run the workflow's step that comments; return the only comment there is."""
    with GitHubServer() as server:
        for _ in range(times):
            code, said = project.ci(
                "Comment on the pull request",
                GITHUB_API_URL=server.url,
                GITHUB_REPOSITORY=REPOSITORY,
                GITHUB_REF="refs/pull/12/merge",
                GITHUB_TOKEN=TOKEN,
            )
            assert code == 0, said
        (kept,) = server.comments
        return str(kept["body"])


def test_a_broken_prompt_is_stopped(project: Workplace) -> None:
    """The hook stops the commit; past it CI ends in 1, and all it leaves names the same items."""
    project.write("prompt.txt", "{{ input }}\n")
    code, said = project.commit()
    assert code == 1
    assert "INCONCLUSIVE  questions" in said
    assert "not_recorded" in said
    assert project.run("git", "rev-list", "--count", "HEAD") == "2\n"

    project.run("git", "commit", "-q", "--no-verify", "-m", "Past the hook")
    code, said = project.ci("Ask the pipeline")
    assert code == 1, said
    outputs, summary = project.told()
    told = comment(project, times=2)
    assert (outputs["status"], outputs["exit-code"], outputs["broken"]) == ("fail", "1", "4")
    assert {
        "outputs": set(outputs["broken-items"].splitlines()),
        "report": names(r"^  (questions/\w+)", said.partition("Broken: passed")[2]),
        "annotations": names(r"^::error file=questions\.jsonl,.*title=broken%3A (.*?)::", said),
        "JUnit": failed(project.folder / "run.junit.xml", "failure"),
        "summary": names("^`(questions/.*)`$", summary),
        "comment": names("^`(questions/.*)`$", told),
    } == dict.fromkeys(("outputs", "report", "annotations", "JUnit", "summary", "comment"), BROKEN)
    reason = "4 of 8 items that passed before now fail"
    assert all(reason in text for text in (said, summary, told))
    assert f"::error title=tqb%3A FAIL::{reason}" in said
    assert told.partition("\n")[2].strip() == summary.strip()


def test_a_prompt_recorded_anew_is_judged_by_the_hook(project: Workplace) -> None:
    """Recording the broken prompt's answers does not help it: the hook fails them."""
    project.write("prompt.txt", "{{ input }}\n")
    code, said = project.shell("tqb run --record tqb-cassette")
    assert code == 1, said
    code, said = project.commit()
    assert code == 1
    assert "FAIL  questions" in said
    assert "4 of 8 items that passed before now fail" in said


def test_a_change_of_nothing_passes(project: Workplace) -> None:
    """It can be committed, CI ends in 0, also from a fork, and what it shows is a pass."""
    project.write("README.md", "# A project\n")
    code, said = project.commit()
    assert code == 0, said
    assert project.ci("Ask the pipeline")[0] == 0
    outputs, summary = project.told()
    assert (outputs["status"], outputs["broken-items"]) == ("pass", "")
    assert summary.startswith("### tqb: PASS\n")
    assert "### tqb: PASS" in comment(project)
    assert failed(project.folder / "run.junit.xml", "failure") == set()


def test_a_fork_gets_no_green_by_accident(project: Workplace) -> None:
    """Without secrets recorded answers are judged; without those nothing is, and that is said."""
    code, said = project.ci("Ask the pipeline", NO_SECRETS="true")
    assert code == 0, said
    assert "::notice title=tqb::There are no secrets here: recorded answers are judged." in said
    assert project.told()[0]["status"] == "pass"
    project.write("prompt.txt", "{{ input }}\n")
    assert project.ci("Ask the pipeline", NO_SECRETS="true")[0] == 3
    assert project.told()[0]["status"] == "inconclusive"
    shutil.rmtree(project.folder / "tqb-cassette")
    code, said = project.ci("Ask the pipeline", NO_SECRETS="true")
    assert code == 0
    assert said.startswith("::warning title=tqb skipped::There are no secrets here and no")
    summary = project.home / "summary.md"
    assert summary.read_text("utf-8").startswith("### tqb: skipped. There are no secrets")


def test_the_job_for_gitlab_does_the_same(project: Workplace) -> None:
    """It judges the answers of a branch, and where a fork's cannot be had it ends in 3, neutral."""
    assert project.shell("tqb init --ci gitlab")[0] == 0
    job = yaml.safe_load((project.folder / ".gitlab-ci.yml").read_text("utf-8"))["tqb"]
    assert job["allow_failure"] == {"exit_codes": 3}
    script = job["script"][-1]
    project.write("prompt.txt", "{{ input }}\n")
    assert project.shell(script)[0] == 1
    assert failed(project.folder / "run.junit.xml", "failure") == BROKEN
    fork = {"CI_MERGE_REQUEST_PROJECT_ID": "1", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2"}
    assert project.shell(script, **fork)[0] == 3
    assert len(failed(project.folder / "run.junit.xml", "error")) == 8
    shutil.rmtree(project.folder / "tqb-cassette")
    code, said = project.shell(script, **fork)
    assert (code, said.count("nothing was asked or judged")) == (3, 1)


def test_a_provider_that_is_down_is_neutral(project: Workplace) -> None:
    """CI ends in 3 and says so everywhere: nothing is broken, nothing has passed."""
    project.write("app.py", APP.replace("IS_UP = True", "IS_UP = False"))
    code, said = project.ci("Ask the pipeline")
    assert code == 3, said
    outputs, summary = project.told()
    told = comment(project)
    assert (outputs["status"], outputs["broken-items"]) == ("inconclusive", "")
    assert "INCONCLUSIVE  questions" in said
    assert "::warning title=tqb%3A INCONCLUSIVE::" in said
    assert "connection: the provider is down" in said
    assert summary.startswith("### tqb: INCONCLUSIVE\n")
    assert "### tqb: INCONCLUSIVE" in told
    assert failed(project.folder / "run.junit.xml", "failure") == set()
    assert len(failed(project.folder / "run.junit.xml", "error")) == 8
