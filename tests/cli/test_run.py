"""`tqb run` beyond its exit codes: selection, targets, outputs, and what it leaves alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tqb
from tests.conftest import RIGHT, Cli, bare_environment, write_answers, write_items
from tests.openai_server import OpenAIServer, Reply
from tqb.errors import ConfigError


def report(tmp_path: Path, name: str = "r.json") -> dict[str, Any]:
    data: dict[str, Any] = json.loads((tmp_path / name).read_text("utf-8"))
    return data


def asked(data: dict[str, Any]) -> list[str]:
    return [result["item_id"] for result in data["results"]]


def test_selection(cli: Cli, tmp_path: Path) -> None:
    """--item, --tag and --limit choose items; together they narrow."""
    cli("run", "--item", "river-cairo", "--item", "core-en/piano-keys", "-o", "r.json")
    assert asked(report(tmp_path)) == ["river-cairo", "piano-keys"]
    cli("run", "--tag", "category=music", "--tag", "difficulty=hard", "-o", "r.json")
    assert asked(report(tmp_path)) == ["composer-magic-flute"]
    cli("run", "--tag", "category=history", "--limit", 2, "-o", "r.json")
    assert asked(report(tmp_path)) == ["berlin-wall-year", "french-revolution-year"]


def test_repeats_are_asked_and_told_apart(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """--repeats asks each item N times; the report has a line for each."""
    with OpenAIServer("Paris") as server:
        flags = ("--item", "q1", "--repeats", 3, "-o", "r.json")
        assert cli("run", capitals, "-m", f"{server.url}#m", *flags).code == 0
    assert [r["repeat"] for r in report(tmp_path)["results"]] == [0, 1, 2]
    assert len(server.requests) == 3


def test_demo_answers_every_repeat(cli: Cli) -> None:
    """The demo gives its one recorded answer in each repeat."""
    ended = cli("run", "--item", "capital-japan", "--repeats", 3, "--fail-under", 1)
    assert ended.code == 0, ended.out


def test_request_carries_prompt_and_parameters(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Template, temperature, seed and token limit reach the server as given."""
    (tmp_path / "p.txt").write_text("Q: {{ input }} ({{ language }})", "utf-8")
    with OpenAIServer("Paris") as server:
        flags = ("--temperature", 0.5, "--seed", 7, "--max-tokens", 9, "--prompt", "p.txt")
        cli("run", capitals, "--item", "q1", "-m", f"{server.url}#gpt", *flags, "-o", "r.json")
    (request,) = server.requests
    assert request.body == {
        "model": "gpt",
        "messages": [{"role": "user", "content": "Q: Capital of France? (en)"}],
        "temperature": 0.5,
        "seed": 7,
        "max_tokens": 9,
    }
    assert report(tmp_path)["run"]["params"] == {
        "temperature": 0.5,
        "seed": 7,
        "max_tokens": 9,
        "timeout_s": 60.0,
        "per_request": 1,
    }


def test_prompt_fingerprints(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Another template changes both fingerprints, another selection only that of the prompts."""
    target = write_answers(tmp_path / "a.jsonl", **RIGHT)
    (tmp_path / "p.txt").write_text("Q: {{ input }}", "utf-8")

    def prints(*flags: str) -> tuple[str, str]:
        cli("run", capitals, "--target", target, *flags, "-o", "r.json")
        run = report(tmp_path)["run"]
        return run["template_sha256"], run["prompt_sha256"]

    plain, other, narrow = prints(), prints("--prompt", "p.txt"), prints("--item", "q1")
    assert plain == prints()
    assert plain[0] != other[0]
    assert plain[1] != other[1]
    assert plain[0] == narrow[0]
    assert plain[1] != narrow[1]


def test_python_target_with_a_bug(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """A bug in the user's function is a failure with its traceback in the log, once."""
    (tmp_path / "app.py").write_text(
        "def answer(question):\n"
        "    if 'France' in question:\n"
        "        return 'Paris'\n"
        "    return {}['missing']\n",
        "utf-8",
    )
    ended = cli("run", capitals, "--target", "python:app:answer")
    assert ended.code == 3
    assert "3 × target_bug: KeyError: 'missing' (app.py:4 in answer)" in ended.out
    assert ended.err.count("Traceback") == 1
    assert "app.py" in ended.err


def test_command_target(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """A program gets the question on stdin, and what it prints is the answer."""
    (tmp_path / "ask.py").write_text(
        "import sys\nprint('Paris' if 'France' in sys.stdin.read() else 'Oslo')\n", "utf-8"
    )
    target = f'cmd:"{sys.executable}" ask.py'
    cli("run", capitals, "--target", target, "-o", "r.json")
    assert [r["answer"] for r in report(tmp_path)["results"]] == ["Paris", "Oslo", "Oslo", "Oslo"]


@pytest.mark.litellm
def test_litellm_and_endpoint_agree(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """One server through LiteLLM and directly gives the same results but for times and cost."""

    def answer(body: dict[str, Any]) -> str | Reply:
        question = body["messages"][-1]["content"]
        if "Egypt" in question:
            return Reply(status=500, body={"error": {"message": "overloaded"}})
        return Reply(
            "Rome.", usage=(11, 2), finish_reason="length" if "Spain" in question else "stop"
        )

    with OpenAIServer(answer) as server:
        env = {"OPENAI_API_KEY": "test-key", "OPENAI_BASE_URL": server.url}
        flags = ("--max-errors", 0.5, "--retry-delay", 0, "-o", "r.json")
        first = cli("run", capitals, "-m", "openai/m", *flags, env=env)
        by_litellm = report(tmp_path)["results"]
        second = cli("run", capitals, "-m", f"{server.url}#m", *flags)
        direct = report(tmp_path)["results"]
    assert (first.code, first.err, second.code, second.err) == (0, "", 0, "")
    for result in [*by_litellm, *direct]:
        assert (result.pop("latency_s") is None) == (result["outcome"] == "error")
        assert (result.pop("first_byte_s") is None) == (result["outcome"] == "error")
        result.pop("cost_usd")
        result.pop("waited_s")
        (result["failure"] or {}).pop("waited_s", None)
    assert by_litellm == direct
    assert [r["outcome"] for r in direct] == ["fail", "pass", "fail", "error"]
    assert [r["attempts"] for r in direct] == [1, 1, 1, 4]
    assert len(server.requests) == 14


@pytest.mark.litellm
@pytest.mark.parametrize(
    ("status", "kind", "wanted"),
    [(401, "auth", "OPENAI_API_KEY was refused"), (404, "not_found", 'no model "m"')],
)
def test_litellm_key_and_model(
    cli: Cli, capitals: Path, status: int, kind: str, wanted: str
) -> None:
    """A refused key and an unknown model end in 3 through LiteLLM too, one request an item."""
    with OpenAIServer(Reply(status=status, body={"error": {"message": "no"}})) as server:
        env = {"OPENAI_API_KEY": "test-key", "OPENAI_BASE_URL": server.url}
        ended = cli("run", capitals, "-m", "openai/m", env=env)
    assert ended.code == 3
    assert f"4 × {kind}: " in ended.out
    assert wanted in ended.out
    assert "test-key" not in ended.out + ended.err
    assert len(server.requests) == 4


@pytest.mark.litellm
def test_litellm_dead_endpoint(cli: Cli, capitals: Path) -> None:
    """A server that is down is a failed connection through LiteLLM too."""
    env = {"OPENAI_API_KEY": "test-key", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    ended = cli("run", capitals, "-m", "openai/m", "--retry-delay", 0, env=env)
    assert ended.code == 3
    assert "4 × connection: connection refused by http://127.0.0.1:9/v1" in ended.out


@pytest.mark.litellm
def test_litellm_missing_key(cli: Cli) -> None:
    """Without a key nothing is asked, and the variable is named."""
    ended = cli("run", "-m", "openai/gpt-4o-mini")
    assert ended.code == 2
    assert ended.err.startswith('error: the model "openai/gpt-4o-mini" needs OPENAI_API_KEY')


def test_tqbpp_figures(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """The scorer `tqbpp` prints EM and LR as TQB++ counts them."""
    target = write_answers(tmp_path / "a.jsonl", **{**RIGHT, "q2": "Room"})
    ended = cli("run", capitals, "--target", target, "--scorer", "tqbpp")
    assert "TQB++ EM 0.750 · LR 0.875 over 4" in ended.out


def test_edited_pack_is_refused_by_line(cli: Cli, tmp_path: Path) -> None:
    """An item that does not match its hash stops the run, unless --no-verify is given."""
    item = {"text": "Capital of France?", "label": "Paris", "sha256": "0" * 64}
    pack = write_items(tmp_path / "p.jsonl", {"text": "1 + 1?", "label": "2"}, item)
    target = write_answers(tmp_path / "a.jsonl", q1="2", q2="Paris")
    ended = cli("run", pack.name, "--target", target)
    assert ended.code == 2
    assert ended.err.startswith("error: p.jsonl:2: sha256 does not match the item")
    assert cli("run", pack.name, "--target", target, "--no-verify", "--fail-under", 1).code == 0


def test_every_problem_of_a_pack_is_told_at_once(cli: Cli, tmp_path: Path) -> None:
    """A pack with two bad lines gives two lines of errors."""
    (tmp_path / "p.jsonl").write_text('{"text": 1, "label": "x"}\nnot json\n', "utf-8")
    ended = cli("run", "p.jsonl")
    assert ended.code == 2
    assert [line.split(" ")[1] for line in ended.err.splitlines()] == ["p.jsonl:1:", "p.jsonl:2:"]


def test_output_into_a_new_folder_and_a_device(cli: Cli, tmp_path: Path) -> None:
    """Missing folders are made; standard output can be an output."""
    assert cli("run", "--limit", 1, "-o", "deep/er/r.json").code == 0
    assert asked(report(tmp_path, "deep/er/r.json")) == ["capital-japan"]
    if Path("/dev/stdout").exists():
        ended = cli("run", "--limit", 1, "--quiet", "-o", "/dev/stdout")
        assert json.JSONDecoder().raw_decode(ended.out)[0]["metrics"]["n"] == 1


def test_every_run_leaves_its_report(cli: Cli, tmp_path: Path) -> None:
    """`.tqb/last-run.json` holds the last report, in a folder that git ignores."""
    cli("run", "--limit", 1)
    assert asked(report(tmp_path, ".tqb/last-run.json")) == ["capital-japan"]
    assert (tmp_path / ".tqb" / ".gitignore").read_text("utf-8") == "*\n"


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="needs permissions to be refused")
def test_folder_that_cannot_be_written(cli: Cli, tmp_path: Path) -> None:
    """Where the last report cannot be kept the run goes on, and says so."""
    tmp_path.chmod(0o500)
    ended = cli("run", "--limit", 1)
    tmp_path.chmod(0o700)
    assert ended.code == 0
    assert "is not kept there" in ended.err


def test_quiet_and_verbose(cli: Cli) -> None:
    """--quiet prints the verdict alone, --verbose every failed item."""
    assert len(cli("run", "--quiet").out.splitlines()) == 2
    assert "--verbose" in cli("run").out
    assert "--verbose" not in cli("run", "--verbose").out


def test_color_never_without_a_terminal(cli: Cli) -> None:
    """Piped output has no escape sequences, unless FORCE_COLOR asks for them."""
    assert "\x1b" not in cli("run").out
    forced = cli("run", env={"FORCE_COLOR": "1"}).out
    assert "\x1b[" in forced
    assert "PASS" in forced


@pytest.mark.skipif(os.name == "nt", reason="needs a shell pipe")
@pytest.mark.parametrize("floor", [0, 1])
def test_reader_that_leaves_early(tmp_path: Path, floor: int) -> None:
    """A closed pipe changes neither the exit code nor prints an error."""
    command = f'"{sys.executable}" -m tqb run --verbose --fail-under {floor} | true; '
    command += 'echo "${PIPESTATUS[0]}"'
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"{floor}\n", "")


def test_what_the_pipeline_prints_is_no_output_of_ours(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """A function that prints does so on stderr; the first line of stdout is the verdict."""
    (tmp_path / "app.py").write_text(
        "def answer(q):\n    print('debug')\n    return 'x'\n", "utf-8"
    )
    ended = cli("run", capitals, "--target", "python:app:answer")
    assert ended.out.startswith("PASS")
    assert ended.err.count("debug") == 4
    assert "debug" not in ended.out


def test_public_run_and_compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tqb.run` takes what the flags take and gives the report; `tqb.compare` compares it."""
    monkeypatch.chdir(tmp_path)
    Path("p.txt").write_text("{{ input }}", "utf-8")
    made = tqb.run("core-en", target="demo", prompt="p.txt", limit=3, fail_under=0)
    assert made.passed
    assert made.metrics.n == 3
    from tqb.formats import write_report

    write_report(made, Path("r.json"))
    assert tqb.compare("r.json", made).counts.keys() <= {"unchanged", "still_failing"}
    assert tqb.run(["core-en"], limit=3, baseline="r.json").comparison is not None


@pytest.mark.parametrize("name", ["repeats", "max_concurrency", "limit"])
def test_public_run_refuses_counts_below_one(name: str) -> None:
    """What the command line refuses, the library refuses too."""
    with pytest.raises(ConfigError, match="give a whole number from 1 up"):
        tqb.run(**{name: 0})  # type: ignore[arg-type]
