"""`tqb run --dry-run`: what a run would take, from least to most, without one call."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import RIGHT, Cli, write_answers
from tests.openai_server import OpenAIServer, Reply

pytestmark = pytest.mark.litellm

MINI = "openai/gpt-4o-mini"


def row(out: str, name: str) -> list[str]:
    """The cells of a row of the table."""
    (line,) = (line for line in out.splitlines() if re.match(rf"  {name}  ", line))
    return re.split(r"\s{3,}", line.strip())[1:]


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_no_key_no_call_no_file(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Target and judge are opened and asked nothing; what was in the folder stays as it was."""
    (tmp_path / "app.py").write_text("def answer(question):\n    raise SystemExit\n", "utf-8")
    (tmp_path / "tqb.toml").write_text('output = ["run.json"]\n', "utf-8")
    before = files(tmp_path)
    with OpenAIServer("Paris") as server:
        for target in (MINI, f"{server.url}#m", "python:app:answer", "cmd:false"):
            flags = ("--target", target, "--judge", MINI, "--dry-run")
            ended = cli("run", capitals, *flags, env={"OPENAI_BASE_URL": server.url})
            assert (ended.code, ended.err) == (0, ""), target
            assert ended.out.startswith(f"DRY RUN  capitals · {target} · 4 items\n")
        assert server.connections == 0
    assert files(tmp_path) == before


def test_the_bounds_hold(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """A run takes no less and no more than was said of it before: requests, tokens and cost."""
    flags = ("run", capitals, "-m", MINI, "--judge", "openai/gpt-4o", "--max-tokens", 50)
    said = cli(*flags, "--dry-run").out
    assert row(said, "target")[0] == "4 – 16"
    assert row(said, "judge")[0] == "0 – 16"
    assert row(said, "target")[2] == "up to 800"
    with OpenAIServer(Reply("no idea", usage=(40, 50))) as server:
        env = {"OPENAI_API_KEY": "test-key", "OPENAI_BASE_URL": server.url}
        assert cli(*flags, "-o", "r.json", "--max-errors", 1, env=env).code in (0, 3)
    metrics = json.loads((tmp_path / "r.json").read_text("utf-8"))["metrics"]
    low, high = (float(one.lstrip("$")) for one in row(said, "in all")[-1].split(" – "))
    assert low < metrics["cost_usd"] < high
    fewest, most = (int(one.replace(",", "")) for one in row(said, "target")[1].split(" – "))
    assert fewest <= metrics["tokens"]["prompt"] <= most


@pytest.mark.parametrize(
    ("flags", "requests"),
    [
        ((), "0 – 4"),
        (("--confirm-limit", 3), "0 – 3"),
        (("--repeats", 5), "0 – 12"),
        (("--confirm", 0), None),
    ],
)
def test_confirmation_has_bounds_of_its_own(
    cli: Cli, tmp_path: Path, capitals: Path, flags: tuple[object, ...], requests: str | None
) -> None:
    """At most --confirm-limit, as many as the run has, or --confirm of each item."""
    target = write_answers(tmp_path / "a.jsonl", **RIGHT)
    cli("run", capitals, "--target", target)
    cli("baseline", "accept")
    asked = ("run", capitals, "-m", MINI, "--retries", 0, "--dry-run")
    with_baseline = cli(*asked, "--baseline", "tqb-baseline.jsonl", *flags).out
    assert ("to confirm" in with_baseline) == (requests is not None)
    if requests:
        assert row(with_baseline, "to confirm")[0] == requests
    assert "to confirm" not in cli(*asked, *flags).out
    judged = cli(*asked, "--baseline", "tqb-baseline.jsonl", "--judge", target, *flags).out
    assert ("judge again" in judged) == (requests is not None)
    must = cli(*asked, "--must-pass", "q1", "--must-pass", "q2", "--confirm-limit", 50).out
    assert row(must, "to confirm")[0] == "0 – 6"


def test_recorded_answers_are_said_to_cost_nothing(cli: Cli) -> None:
    """The demo is asked as often as there are items, for nothing."""
    out = cli("run", "--dry-run").out
    assert row(out, "target") == ["52", "0", "up to 0", "$0"]
    assert "the answers of demo are recorded: they cost nothing" in out


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("http://127.0.0.1:9/v1#m", "the price of http://127.0.0.1:9/v1#m is unknown"),
        ("openai/zz", "the price of openai/zz is unknown"),
        ("cmd:cat", "the price of cmd:cat is unknown"),
        ("perplexity/sonar", "is unknown until its answers tell what they cost"),
    ],
)
def test_an_unknown_price_is_unknown(cli: Cli, capitals: Path, target: str, said: str) -> None:
    """It is never nothing: not in the row, not in the sum."""
    ended = cli("run", capitals, "-m", target, "--judge", MINI, "--dry-run")
    assert ended.code == 0
    assert row(ended.out, "target")[-1] == "unknown"
    assert row(ended.out, "judge")[-1].startswith("$0 – $")
    assert row(ended.out, "in all") == ["unknown"]
    assert said in ended.out


LIMITS = {
    "more than enough": (MINI, ("--max-cost", 100), "is more than the run can cost"),
    "perhaps": (MINI, ("--max-cost", 0.01), "may end the run before all is asked, in 4"),
    "too little": (MINI, ("--max-cost", 1e-6), "lets nothing be asked: a request may cost $0.00"),
    "unknown": ("openai/zz", ("--max-cost", 1), "the run would end in 4"),
    "told": ("perplexity/sonar", ("--max-cost", 1), "from the first answer that tells"),
    "rpm": (MINI, ("--rpm", 20), "at --rpm 20: at least 120 s"),
    "no wait": (MINI, ("--rpm", 52), "at --rpm 52: no wait is certain"),
    "tpm": (MINI, ("--tpm", 1_200), "at --tpm 1,200: at least "),
    "deadline": (MINI, ("--rpm", 20, "--deadline", 90), "--deadline 90: the run ends before all"),
    "nothing": (MINI, ("--tag", "category=alchemy"), "no item is selected: the run would end in 5"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_what_the_limits_make_of_it(cli: Cli, name: str) -> None:
    """Each limit that is set is said to hold, to hold things up, or to cut the run short."""
    target, flags, said = LIMITS[name]
    ended = cli("run", "-m", target, *flags, "--dry-run")
    assert ended.code == 0
    assert said in ended.out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("-o run.json", "--dry-run writes nothing: leave out --output"),
        ("--prompt none.txt", "there is no such prompt file"),
        ("--baseline none.jsonl", "there is no such file"),
        ("--scorer exat", "did you mean exact?"),
        ("--item nope", "no item 'nope' in core-en"),
        ("--target cmd:no-such-program", 'no program "no-such-program"'),
        ("--judge nonsense", 'LiteLLM knows no provider for "nonsense"'),
    ],
)
def test_what_could_not_run_is_refused(cli: Cli, tmp_path: Path, flags: str, said: str) -> None:
    """Whatever would stop the run stops the dry run too."""
    ended = cli("run", "--dry-run", *flags.split())
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert list(tmp_path.iterdir()) == []
