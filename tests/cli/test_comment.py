"""`tqb comment` against a local server that speaks GitHub's REST API."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import RIGHT, Cli, Ended, write_answers
from tests.github_server import REPOSITORY, TOKEN, GitHubServer, Refusal


@pytest.fixture
def run_json(tmp_path: Path) -> Path:
    """A finished report with a broken item, judged against its baseline."""
    from tests.formats.make import mixed
    from tqb.formats import write_report

    write_report(mixed("Oslo"), tmp_path / "run.json")
    return tmp_path / "run.json"


def comment(cli: Cli, server: GitHubServer, *flags: object, **env: str) -> Ended:
    here = {
        "GITHUB_API_URL": server.url,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_REF": "refs/pull/12/merge",
        "GITHUB_TOKEN": TOKEN,
    }
    return cli("comment", "run.json", *flags, env={**here, **env})


def test_one_comment_is_kept_and_others_are_left_alone(cli: Cli, run_json: Path) -> None:
    """The first run adds a comment, the next writes it anew, on whatever page it stands."""
    with GitHubServer() as server:
        for number in range(150):
            server.add(f"talk {number}", kind="User")
        first = comment(cli, server)
        assert first.code == 0, first.err
        assert first.out == f"{server.comments[-1]['html_url']}\n"
        assert server.comments[-1]["body"].startswith("<!-- tqb comment: tqb -->\n### tqb: FAIL\n")
        server.comments[-1]["body"] = "<!-- tqb comment: tqb -->\r\nolder"
        assert comment(cli, server).code == 0
        assert "### tqb: FAIL" in server.comments[-1]["body"]
        assert len(server.comments) == 151
        assert comment(cli, server, "--key", "nightly").code == 0
        assert len(server.comments) == 152
        assert [call.split()[0] for call in server.calls] == [
            *("GET", "GET", "POST"),
            *("GET", "GET", "PATCH"),
            *("GET", "GET", "POST"),
        ]


def test_nobody_can_slip_a_comment_under_us(cli: Cli, run_json: Path) -> None:
    """A stranger's comment with our marker, and one that quotes it, are not taken for ours."""
    with GitHubServer() as server:
        server.add("<!-- tqb comment: tqb -->\nPASS", kind="User", association="NONE")
        server.add("> <!-- tqb comment: tqb -->\n> PASS", kind="Bot")
        assert comment(cli, server).code == 0
        assert len(server.comments) == 3
        own = server.add("<!-- tqb comment: mine -->\nPASS", kind="User", association="OWNER")
        assert comment(cli, server, "--key", "mine").code == 0
        assert "FAIL" in own["body"]


REFUSALS = {
    "no permission": (
        Refusal(403, "Resource not accessible by integration"),
        "give the job `permissions: pull-requests: write`",
    ),
    "unknown": (Refusal(404, "Not Found"), "GitHub knows no owner/name#12 (404 Not Found)"),
    "bad token": (Refusal(401, "Bad credentials"), "give a valid GITHUB_TOKEN"),
    "secondary limit": (Refusal(403, "slow", {"Retry-After": "60"}), "try again in 60 s"),
    "used up": (
        Refusal(403, "x", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1767225600"}),
        "try again after 2026-01-01 00:00:00 UTC",
    ),
    "too many": (Refusal(429, "x", {"Retry-After": "soon"}), "try again later"),
    "moved": (Refusal(301, "x", {"Location": "http://127.0.0.1:9/x"}), "has moved"),
    "broken": (Refusal(500, f"echo {TOKEN}"), "GitHub refused to keep the comment"),
    "garbled": (Refusal(200, body=b"<html>"), "reply cannot be read"),
    "no list": (Refusal(200, body=b"{}"), "list of comments is none"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_github_refuses_is_one_sentence_without_the_token(
    cli: Cli, run_json: Path, name: str
) -> None:
    """Each refusal ends in 3 and says how to mend it; the token is in none."""
    refusal, wanted = REFUSALS[name]
    with GitHubServer(refusal) as server:
        ended = comment(cli, server)
    assert (ended.code, ended.out) == (3, "")
    assert wanted in ended.err
    assert ended.err.count("\n") == 1
    assert TOKEN not in ended.err
    assert len(server.calls) == 1


def test_nobody_listens(cli: Cli, run_json: Path) -> None:
    """A server that is not there is one sentence, and ends in 3."""
    with GitHubServer() as server:
        pass
    ended = comment(cli, server)
    assert (ended.code, ended.err.count("\n")) == (3, 1)
    assert "GitHub cannot be reached" in ended.err


def test_the_pull_request_is_found_or_asked_for(cli: Cli, run_json: Path, tmp_path: Path) -> None:
    """Flags, the ref and the event's payload name it; without any, nothing is sent."""
    event = tmp_path / "event.json"
    with GitHubServer() as server:
        branch = {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": str(event)}
        event.write_text(json.dumps({"issue": {"number": 12, "pull_request": {}}}), "utf-8")
        assert comment(cli, server, **branch).code == 0
        event.write_text(json.dumps({"pull_request": {"number": 12}}), "utf-8")
        assert comment(cli, server, **branch).code == 0
        flags = ("--pr", 12, "--repo", REPOSITORY)
        assert comment(cli, server, *flags, GITHUB_REF="", GITHUB_REPOSITORY="a/b").code == 0
        assert len(server.comments) == 1
        event.write_text(json.dumps({"issue": {"number": 12}}), "utf-8")
        sent = len(server.calls)
        for wrong, wanted in (
            (branch, "give --pr N"),
            ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is empty"),
            ({"GITHUB_TOKEN": f"{TOKEN}\nX: y"}, "GITHUB_TOKEN is empty or holds"),
            ({"GITHUB_REPOSITORY": "../x"}, "give --repo OWNER/NAME"),
            ({"GITHUB_API_URL": "file:///etc/passwd"}, "is no http(s) address"),
        ):
            ended = comment(cli, server, **wrong)
            assert ended.code == 2
            assert wanted in ended.err
            assert TOKEN not in ended.err
        assert comment(cli, server, "--key", "a-->b").code == 2
        assert len(server.calls) == sent


def test_with_a_baseline_the_run_is_judged_anew(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """The comment has the run's own verdict; with --baseline that of a comparison."""
    target = write_answers(tmp_path / "a.jsonl", **RIGHT)
    cli("run", capitals, "--target", target, "-o", "base.json")
    target = write_answers(tmp_path / "a.jsonl", **{**RIGHT, "q2": "Oslo"})
    cli("run", capitals, "--target", target, "-o", "run.json")
    with GitHubServer() as server:
        assert comment(cli, server).code == 0
        assert "### tqb: PASS" in server.comments[0]["body"]
        (tmp_path / "tqb.toml").write_text('baseline = "base.json"', "utf-8")
        assert comment(cli, server).code == 0
        assert "### tqb: PASS" in server.comments[0]["body"]
        assert comment(cli, server, "--baseline", "base.json").code == 0
        assert "### tqb: FAIL" in server.comments[0]["body"]
