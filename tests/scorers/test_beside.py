"""What a sentence says beside the answer does not make it wrong, nor a wrong one right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scorers.asked import Asked, check, name

ROWS = map(json.loads, Path(__file__).with_name("beside.jsonl").read_text("utf-8").splitlines())
ALL = [
    Asked(row["question"], row["target"], tuple(row["right"]), tuple(row["wrong"]), row["lang"])
    for row in ROWS
]


@pytest.mark.parametrize("asked", ALL, ids=name)
def test_what_is_said_beside_the_answer(asked: Asked) -> None:
    """When else something was, steps of a calculation, other names: right answers alone pass."""
    check(asked)
