"""`tqb explain`: for people who doubt a verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Cli, write_items


def test_an_answer_is_explained(cli: Cli) -> None:
    """The verdict, the rule and the reason are printed; the exit code says the same."""
    ended = cli("explain", "core-en/capital-japan", "Kyoto. No, wait: Tokyo.")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "PASS  core-en/capital-japan",
        "  question  Which city is the capital of Japan?",
        "  expected  Tokyo",
        "  type      text",
        "  answer    Kyoto. No, wait: Tokyo.",
        "  score     1.00",
        "  rule      exact",
        "  why       'Tokyo', after a correction",
    ]
    failed = cli("explain", "core-en/capital-japan", "Kyoto")
    assert failed.code == 1
    assert failed.out.startswith("FAIL")


def test_of_a_file_with_another_scorer(cli: Cli, capitals: Path) -> None:
    """Any pack and any scorer can be asked about."""
    ended = cli("explain", f"{capitals.name}/q2", "Room", "--scorer", "tqbpp")
    assert (ended.code, "TQB++ EM 0, LR 0.500" in ended.out) == (1, True)


@pytest.mark.parametrize(
    ("item", "wanted"),
    [("capital-japan", "wanted PACK/ITEM"), ("core-en/nope", "no item 'nope' in core-en")],
)
def test_unknown_item(cli: Cli, item: str, wanted: str) -> None:
    """An item that is not there ends in 2, with how to name one."""
    ended = cli("explain", item, "x")
    assert ended.code == 2
    assert wanted in ended.err


def test_of_an_item_with_needs(cli: Cli, tmp_path: Path) -> None:
    """What an item asks of its answers is shown, and decides."""
    needs = {"answer_type": "number", "tolerance": "1%", "forbidden": ["about"]}
    path = write_items(tmp_path / "a.jsonl", {"text": "Pi?", "label": "3.14", **needs})
    ended = cli("explain", f"{path.name}/q1", "3.15")
    assert ended.code == 0
    assert "  type      number\n  tolerance 1%\n  forbidden about\n" in ended.out
    assert "3.15 is within 1% of 3.14" in ended.out
    failed = cli("explain", f"{path.name}/q1", "about 3.14")
    assert (failed.code, "holds the forbidden 'about'" in failed.out) == (1, True)
