"""The cassette: answers recorded once are played again, and nobody is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import CAPITALS, Cli, write_items
from tests.openai_server import Body, OpenAIServer, Reply, last_user_turn
from tqb.errors import TqbError
from tqb.targets import open_target, target_name

TOWNS = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Egypt": "Cairo"}


def knows(body: Body) -> str:
    return next(town for land, town in TOWNS.items() if land in last_user_turn(body))


def report(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "r.json").read_text("utf-8"))
    return found


@pytest.fixture
def recorded(cli: Cli, capitals: Path) -> str:
    """The target whose right answers are in ``cassette/``; its server is gone."""
    with OpenAIServer(knows) as server:
        target = f"{server.url}#m"
        assert cli("run", capitals, "-m", target, "--record", "cassette").code == 0
    return target


def port_of(target: str) -> int:
    port = urlsplit(target).port
    assert port is not None
    return port


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cassette").iterdir())


def test_a_recorded_run_needs_nobody(
    cli: Cli, tmp_path: Path, capitals: Path, recorded: str
) -> None:
    """The server is gone and there is no key, and the verdict is the same, at no cost."""
    flags = ("--offline", "--record", "cassette", "--fail-under", 1, "-o", "r.json")
    ended = cli("run", capitals, "-m", recorded, *flags)
    assert ended.code == 0, ended.err
    assert "4 answers from the cassette: nobody was asked" in ended.out
    made = report(tmp_path)
    assert made["metrics"]["recalled"] == {"cassette": 4}
    assert made["metrics"]["cost_usd"] == 0
    assert [result["prompt_tokens"] for result in made["results"]] == [5] * 4
    assert made["run"]["target"] == recorded


def test_a_cassette_reads_well(tmp_path: Path, recorded: str) -> None:
    """One file for the target; one line an answer with its item and question, sorted."""
    (path,) = files(tmp_path)
    head, *lines = map(json.loads, path.read_text("utf-8").splitlines())
    assert head == {"tqb_cassette": 1, "target": recorded}
    assert [line["item"] for line in lines] == [f"capitals/q{n}" for n in range(1, 5)]
    assert lines[0]["question"] == "Capital of France?"
    assert lines[0]["answer"] == "Paris"


def test_another_order_and_another_scorer_play_the_same(
    cli: Cli, tmp_path: Path, capitals: Path, recorded: str
) -> None:
    """What decides is the prompt: neither the place of an item nor who scores it."""
    rows = [{"id": f"new{n}", **item} for n, item in enumerate(CAPITALS)]
    write_items(capitals, *reversed(rows))
    flags = ("--offline", "--record", "cassette", "--scorer", "exact", "--fail-under", 1)
    ended = cli("run", capitals, "-m", recorded, *flags)
    assert ended.code == 0, ended.out + ended.err


@pytest.mark.parametrize(
    "change",
    [
        ("--temperature", 1),
        ("--max-tokens", 7),
        ("--seed", 3),
        ("--prompt", "other.txt"),
        ("-m", "http://127.0.0.1:1/v1#m"),
        ("--repeats", 2),
    ],
)
def test_what_is_missing_is_named(
    cli: Cli, tmp_path: Path, capitals: Path, recorded: str, change: tuple[object, ...]
) -> None:
    """Other parameters, another prompt, address or repeat were not recorded: inconclusive."""
    (tmp_path / "other.txt").write_text("Say {{ input }}", "utf-8")
    flags = ("--offline", "--record", "cassette", *change)
    ended = cli("run", capitals, "-m", recorded, *flags)
    assert ended.code == 3
    of = "8" if "--repeats" in change else "4"
    assert f"4 of {of} answers are not recorded: capitals/q1, capitals/q2" in ended.out
    assert "record it by --record cassette without --offline" in ended.out


def test_one_missing_answer_is_too_many(cli: Cli, capitals: Path, recorded: str) -> None:
    """A new question makes the run inconclusive, whatever share of failed calls is allowed."""
    write_items(capitals, *CAPITALS, {"text": "Capital of Peru?", "label": "Lima"})
    flags = ("--offline", "--record", "cassette", "--max-errors", 1)
    ended = cli("run", capitals, "-m", recorded, *flags)
    assert ended.code == 3
    assert "1 of 5 answers are not recorded: capitals/q5" in ended.out


def test_recording_again_replaces_what_was_asked(
    cli: Cli, tmp_path: Path, capitals: Path, recorded: str
) -> None:
    """Other items of the pack stay, those it no longer has go, and other packs are left alone."""
    port = port_of(recorded)
    other = write_items(tmp_path / "other.jsonl", {"text": "Town of France?", "label": "Paris"})
    write_items(capitals, *CAPITALS[:3])
    with OpenAIServer(lambda body: f"It is {knows(body)}.", port=port):
        cli("run", other, "-m", recorded, "--record", "cassette")
        cli("run", capitals, "-m", recorded, "--record", "cassette", "--item", "q2")
    (path,) = files(tmp_path)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()[1:]]
    assert {line["item"]: line["answer"] for line in lines} == {
        "capitals/q1": "Paris",
        "capitals/q2": "It is Rome.",
        "capitals/q3": "Madrid",
        "other/q1": "It is Paris.",
    }


def test_an_outage_loses_no_recorded_answer(
    cli: Cli, tmp_path: Path, capitals: Path, recorded: str
) -> None:
    """What brings no answer now keeps the one it had."""
    with OpenAIServer(
        lambda body: "Oslo" if "Italy" in last_user_turn(body) else Reply(status=400),
        port=port_of(recorded),
    ):
        cli("run", capitals, "-m", recorded, "--record", "cassette")
    (path,) = files(tmp_path)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()[1:]]
    assert [line["answer"] for line in lines] == ["Paris", "Oslo", "Madrid", "Cairo"]


def test_the_same_answers_make_the_same_file(
    cli: Cli, tmp_path: Path, capitals: Path, recorded: str
) -> None:
    """But for how long it took, so that a diff shows what the model says otherwise now."""

    def lines() -> list[dict[str, Any]]:
        (path,) = files(tmp_path)
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        times = ("latency_s", "first_byte_s")
        return [{key: row[key] for key in row if key not in times} for row in rows]

    before = lines()
    with OpenAIServer(knows, port=port_of(recorded)):
        cli("run", capitals, "-m", recorded, "--record", "cassette", "-j", 1)
    assert lines() == before


def test_what_was_confirmed_is_played_too(cli: Cli, capitals: Path) -> None:
    """An answer that failed once and not again is as flaky offline as it was online."""
    asked: list[str] = []

    def flaky(body: Body) -> str:
        town = knows(body)
        asked.append(town)
        return "Oslo" if asked.count("Rome") == 2 and town == "Rome" else town

    with OpenAIServer(flaky) as server:
        target = ("-m", f"{server.url}#m")
        cli("run", capitals, *target, "-o", "base.json")
        online = cli("run", capitals, *target, "--baseline", "base.json", "--record", "cassette")
    flags = ("--baseline", "base.json", "--record", "cassette", "--offline")
    offline = cli("run", capitals, *target, *flags)
    assert online.code == offline.code == 0, offline.out
    assert "Failed once: not when asked again" in online.out
    assert "Failed once: not when asked again" in offline.out


def test_the_judge_is_played_too(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """It has a file of its own, and is not asked."""
    with OpenAIServer("The town of light.") as server, OpenAIServer("YES.") as judge:
        run = ("run", capitals, "-m", f"{server.url}#m", "--judge", f"{judge.url}#j")
        cli(*run, "--record", "cassette")
    ended = cli(*run, "--record", "cassette", "--offline", "--fail-under", 1)
    assert ended.code == 0, ended.out
    assert len(files(tmp_path)) == 2


@pytest.mark.litellm
def test_a_litellm_model_is_played_at_its_address(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Neither LiteLLM nor a key is needed; at another base URL it is another pipeline."""
    run = ("run", capitals, "-m", "openai/gpt-4o-mini", "--record", "cassette")
    with OpenAIServer(knows) as server:
        here = {"OPENAI_BASE_URL": server.url}
        assert cli(*run, env={**here, "OPENAI_API_KEY": "sk-123456789"}).code == 0
    assert cli(*run, "--offline", "--fail-under", 1, env=here).code == 0
    elsewhere = cli(*run, "--offline", env={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
    assert elsewhere.code == 3
    assert "4 of 4 answers are not recorded" in elsewhere.out
    assert "sk-123456789" not in "".join(path.read_text("utf-8") for path in files(tmp_path))


def test_a_cached_answer_is_recorded_too(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """A cassette is whole, wherever its answers came from."""
    env = {"XDG_CACHE_HOME": str(tmp_path / "xdg")}
    with OpenAIServer(knows) as server:
        run = ("run", capitals, "-m", f"{server.url}#m", "--cache")
        cli(*run, env=env)
        cli(*run, "--record", "cassette", env=env)
        assert len(server.requests) == 4
    ended = cli("run", capitals, *run[2:4], "--offline", "--record", "cassette", "--fail-under", 1)
    assert ended.code == 0, ended.out + ended.err


def test_a_cassette_that_is_not_there_is_refused(cli: Cli, capitals: Path) -> None:
    """Before anything else; by default it is looked for in ``tqb-cassette``."""
    ended = cli("run", capitals, "-m", "http://127.0.0.1:1/v1#m", "--offline")
    assert ended.code == 2
    assert "tqb-cassette: there is no such cassette: `tqb run --record tqb-cassette`" in ended.err


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"key": "k"}', '{"key": "k", "answer": 1}', "[" * 9999]
)
def test_a_line_that_cannot_be_read_has_its_number(
    cli: Cli, tmp_path: Path, capitals: Path, recorded: str, line: str
) -> None:
    """A cassette is input: what is wrong with it is said in one sentence."""
    (path,) = files(tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    ended = cli("run", capitals, "-m", recorded, "--offline", "--record", "cassette")
    assert ended.code == 2
    assert f"{path.name}:6: cannot be read (" in ended.err
    assert "Traceback" not in ended.err


def test_an_interrupted_write_loses_no_cassette(
    cli: Cli, tmp_path: Path, capitals: Path, recorded: str
) -> None:
    """A folder that cannot take the new file keeps the old one, and the run says so."""
    (path,) = files(tmp_path)
    before = path.read_bytes()
    path.with_name(path.name).unlink()
    path.mkdir()
    with OpenAIServer(knows, port=port_of(recorded)):
        ended = cli("run", capitals, "-m", recorded, "--record", "cassette")
    assert ended.code == 2
    assert path.name in ended.err
    assert before


@pytest.mark.parametrize(
    "spec",
    [
        "demo",
        "demo:broken",
        "http://user:Zq8-of-this-test@h/v1/#m",
        " https://h/v1/chat/completions?key=1#a/b ",
        "python: os.path:join ",
        "cmd: cat -u",
        f"cmd: {'cat'} sk-123456789",
    ],
)
def test_a_target_is_named_without_being_opened(spec: str) -> None:
    """As it names itself once it is open."""
    try:
        opened = open_target(spec)
    except TqbError:
        pytest.fail("the target should open")
    assert target_name(spec) == opened.name
