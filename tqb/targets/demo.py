"""A recorded pipeline, for trying tqb with no key, no network and no model.

The answers are those of SmolLM2-135M-Instruct, a model small enough for a laptop, that reads each
item's context and answers from it. ``benchmarks/record_demo.py`` recorded them; anyone can repeat
it.
"""

from __future__ import annotations

from pathlib import Path

from tqb.targets.replay import ReplayTarget

RECORDED = Path(__file__).with_name("demo.jsonl")


class DemoTarget(ReplayTarget):
    """Replays the recorded answers to `core-en`."""

    def __init__(self) -> None:
        """Read the recording that comes with tqb."""
        super().__init__(RECORDED, name="demo")
