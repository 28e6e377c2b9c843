"""A scorer of the user's own: what it may return, and how its bugs are told."""

from __future__ import annotations

from pathlib import Path

import pytest

import tqb
from tests.conftest import RIGHT, Cli, Write, write_answers, write_items
from tests.openai_server import OpenAIServer
from tqb.errors import ConfigError
from tqb.scorers import load_scorer
from tqb.types import Item, Score

ITEM = Item("q1", "Capital of France?", "Paris", tags={"unit": "km"})
NAME = "python:checks:check"


@pytest.mark.parametrize(
    ("returned", "score"),
    [
        ("True", Score(True, 1.0, NAME, f"{NAME} returned True")),
        ("answer == item.label", Score(False, 0.0, None, f"{NAME} returned False")),
        ("(True, item.tags['unit'])", Score(True, 1.0, NAME, "km")),
        ("(False, 'no unit')", Score(False, 0.0, None, "no unit")),
        ("0.8", Score(True, 0.8, NAME, "0.8 is not under --fuzzy-threshold 0.8")),
        ("0.7999", Score(False, 0.7999, None, "0.7999 is under --fuzzy-threshold 0.8")),
        ("1", Score(True, 1.0, NAME, "1 is not under --fuzzy-threshold 0.8")),
        ("Score(True, 0, 'mine', 'so')", Score(True, 0.0, "mine", "so")),
        ("numpy.float32(0.5)", Score(False, 0.5, None, "0.5 is under --fuzzy-threshold 0.8")),
        ("numpy.bool_(True)", Score(True, 1.0, NAME, f"{NAME} returned True")),
        ("(numpy.bool_(True), 'so')", Score(True, 1.0, NAME, "so")),
    ],
)
def test_what_it_may_return(write_module: Write, returned: str, score: Score) -> None:
    """A bool, one with an explanation, a number, or a whole score; numpy's count as plain ones."""
    source = (
        f"import numpy\nfrom tqb.types import Score\ndef check(answer, item): return {returned}"
    )
    write_module("checks.py", source)
    assert load_scorer(NAME, threshold=0.8)("Lyon", ITEM) == score


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return None", f"the scorer \"{NAME}\" returned NoneType on item 'q1': wanted a bool"),
        ("return 1.5", "returned 1.5 on item 'q1'"),
        ("return float('nan')", "returned nan on item 'q1'"),
        ("return 'yes'", "returned str on item 'q1'"),
        ("return True, 1", "returned tuple on item 'q1'"),
        ("return Score('yes', 1.0, None, '')", "returned Score on item 'q1'"),
        ("return Score(True, 2.0, None, '')", "returned Score on item 'q1'"),
        ("return item.tags['x']", "raised on item 'q1': KeyError: 'x' (checks.py:3 in check)"),
        ("raise SystemExit", "raised on item 'q1': SystemExit (checks.py:3 in check)"),
    ],
)
def test_a_bug_in_it_is_no_wrong_answer(write_module: Write, body: str, said: str) -> None:
    """What it raises, and what is no score, is told with the item, in one sentence."""
    write_module("checks.py", f"from tqb.types import Score\ndef check(answer, item):\n    {body}")
    with pytest.raises(ConfigError) as caught:
        load_scorer(NAME)("Paris", ITEM)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("python:checks", 'the scorer "python:checks" names no function'),
        ("python:checks.py:check", '"checks.py" is a file, not a module'),
        ("python:chekcs:check", 'no module "chekcs": did you mean checks?'),
        ("python:checks:chek", 'module "checks" has no "chek": did you mean check?'),
        ("python:checks:number", '"number" in module "checks" is int, wanted a function'),
        ("python:checks:later", 'the scorer "python:checks:later" is async: make it a plain'),
        ("python:checks:one", 'the scorer "python:checks:one" cannot be called with an answer'),
        ("pyhton:checks:check", "choose one of default, exact, fuzzy, tqbpp, python:module:funct"),
    ],
)
def test_what_cannot_be_used_is_refused(write_module: Write, name: str, said: str) -> None:
    """Before anything is asked, with what is wrong and what exists nearby."""
    source = "number = 1\ndef check(a, i): ...\nasync def later(a, i): ...\ndef one(a): ..."
    write_module("checks.py", source)
    with pytest.raises(ConfigError) as caught:
        load_scorer(name)
    assert said in str(caught.value)


def test_public_score_takes_it(write_module: Write) -> None:
    """`tqb.score` knows the name as the flag does."""
    write_module("checks.py", "def check(answer, item): return answer in item.targets")
    assert tqb.score("Paris", ITEM, scorer=NAME).passed


LENIENT = """
def check(answer, item):
    print("looking at", item.id)
    return item.label in answer, f"looked for {item.label}"
"""


def test_run_and_explain(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """The settings file may name it; what it prints is no output; the report has its words."""
    (tmp_path / "checks.py").write_text(LENIENT, "utf-8")
    (tmp_path / "tqb.toml").write_text(f'scorer = "{NAME}"\n', "utf-8")
    target = write_answers(tmp_path / "a.jsonl", **{**RIGHT, "q2": "No idea", "q3": "x Madrid x"})
    (tmp_path / "below").mkdir()
    flags = ("--target", target.replace(":", ":../"), "--fail-under", 1)
    ended = cli("run", f"../{capitals.name}", *flags, cwd=tmp_path / "below")
    said = "  accuracy 0.750 (3 of 4) is under --fail-under 1"
    assert (ended.code, ended.out.splitlines()[1]) == (1, said)
    assert "why       looked for Rome" in ended.out
    explained = cli("explain", f"{capitals.name}/q1", "Paris!")
    assert explained.out.startswith("PASS  capitals.jsonl/q1\n")
    assert f"rule      {NAME}\n  why       looked for Paris" in explained.out


def test_broken_scorer_shows_before_anything_is_asked(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """It is tried on the first label; the run ends in 2 with no request sent and no traceback."""
    (tmp_path / "checks.py").write_text("def check(answer, item): return answer.typo", "utf-8")
    with OpenAIServer("Paris") as server:
        ended = cli("run", capitals, "-m", f"{server.url}#m", "--scorer", NAME)
    assert (ended.code, ended.out, server.requests) == (2, "", [])
    assert ended.err == (
        f"error: the scorer \"{NAME}\" raised on item 'q1': AttributeError: 'str' object has no "
        "attribute 'typo' (checks.py:1 in check)\n"
    )


def test_scorer_that_breaks_on_an_answer(cli: Cli, tmp_path: Path) -> None:
    """A bug that only an answer brings out ends in 2 too, neither a pass nor a fail."""
    (tmp_path / "checks.py").write_text("def check(answer, item): return float(answer)", "utf-8")
    pack = write_items(tmp_path / "p.jsonl", {"text": "1 - 1?", "label": "0"})
    target = write_answers(tmp_path / "a.jsonl", q1="zero")
    ended = cli("run", pack, "--target", target, "--scorer", NAME, "-o", "r.json")
    assert (ended.code, ended.out) == (2, "")
    assert "raised on item 'q1': ValueError: could not convert string to float: 'zero'" in ended.err
    assert not (tmp_path / "r.json").exists()
