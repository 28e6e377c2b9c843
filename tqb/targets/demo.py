"""A recorded pipeline, for trying tqb with no key, no network and no model.

The answers are those of SmolLM2-135M-Instruct, a model small enough for a laptop, that reads each
item's context and answers from it. In the variant ``broken`` a slip in the prompt template has
lost the context. ``benchmarks/record_demo.py`` recorded both; anyone can repeat it.
"""

from __future__ import annotations

from pathlib import Path

from tqb.errors import TargetError
from tqb.targets.replay import ReplayTarget

RECORDED = Path(__file__).with_name("recorded")
VARIANTS = {"": "demo.jsonl", "broken": "demo-broken.jsonl"}


def demo_target(variant: str = "") -> ReplayTarget:
    """Open the recorded answers to `core-en`: ``demo``, or ``demo:broken``.

    Raises:
        TargetError: there is no such variant.
    """
    if variant not in VARIANTS:
        raise TargetError(f'there is no "demo:{variant}": use demo or demo:broken')
    return ReplayTarget(
        RECORDED / VARIANTS[variant],
        name=f"demo:{variant}" if variant else "demo",
        again=True,
        missing="the demo knows the items of core-en alone: choose a pipeline by --target",
    )
