"""`tqb power`: for people who plan a pack."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Cli


def test_the_gold_set(cli: Cli) -> None:
    """A table by repeats, what that many items can show, and what the wanted drop takes."""
    ended = cli("power")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "52 items · noise 0.02 · alpha 0.05 · power 0.8",
        "",
        "REPEATS  SMALLEST DROP SEEN  ITEMS TO SEE 5 POINTS",
        "      1         16.1 points                    240",
        "      2          9.2 points                    125",
        "      3          7.3 points                     88",
        "      4          6.3 points                     72",
        "      5          5.9 points                     65",
        "",
        "With 52 items asked once, a drop of less than 16.1 points is told from noise in fewer "
        "than 80 % of runs.",
        "To see a drop of 5 points takes 240 items, or these 52 asked 7 times.",
        "Repeats count only where each is answered afresh: without a cache, and with a temperature",
        "above 0.",
    ]


def test_items_are_those_of_the_packs(cli: Cli, capitals: Path) -> None:
    """Packs are counted together, and a number stands for packs that are still to be written."""
    assert cli("power", capitals, "core-en").out == cli("power", "--items", 56).out


def test_own_numbers(cli: Cli) -> None:
    """Each number asked with is used; where the drop is seen, nothing more is asked for."""
    flags = ("--drop", 10, "--repeats", 6, "--noise", 0, "--alpha", 0.01, "--power", 0.9)
    lines = cli("power", "--items", 120, *flags).out.splitlines()
    assert lines[0] == "120 items · noise 0 · alpha 0.01 · power 0.9"
    assert [line.split()[0] for line in lines[3:9]] == list("123456")
    assert lines[10].startswith("With 120 items asked 6 times, a drop of less than 2 points is ")
    assert lines[11] == "To see a drop of 10 points takes 22 items."


def test_too_few_items(cli: Cli) -> None:
    """Four single answers can show nothing, and that is said."""
    lines = cli("power", "--items", 4, "--drop", 0.2).out.splitlines()
    assert lines[3].split() == ["1", "none", "over", "3,000"]
    assert lines[9] == "With 4 items asked once, no drop can be told from noise in 80 % of runs."


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ("core-en --items 3", "leave one out"),
        ("--items 0", "'--items'"),
        ("--drop 0", "0 is not between 0 and 100"),
        ("--noise 0.25", "0.25 is not between 0 and 0.25"),
        ("--alpha nan", "nan is not between 0 and 1"),
        ("--power 80", "80 is not between 0 and 1"),
        ("--drop 90 --noise 0.1", "only 60 points can drop"),
        ("no-such-pack", "no-such-pack"),
    ],
)
def test_what_cannot_be_planned(cli: Cli, arguments: str, wanted: str) -> None:
    """Numbers that make no sense end in 2, with the flag and what it takes."""
    ended = cli("power", *arguments.split())
    assert (ended.code, ended.out) == (2, "")
    assert wanted in ended.err
