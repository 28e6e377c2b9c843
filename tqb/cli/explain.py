"""``tqb explain``."""

from __future__ import annotations

import contextlib
import sys
from typing import Annotated

import typer

from tqb.cli import options
from tqb.errors import EXIT_FAIL, EXIT_PASS, ConfigError

EXAMPLES = """Examples:

\b
  tqb explain core-en/capital-japan "It is Kyoto, or rather Tokyo."
  tqb explain ./my-pack/refund "within 30 days" --scorer exact
  tqb explain ./my-pack/refund "30" --scorer python:checks:has_days
"""


def explain(
    item: Annotated[str, typer.Argument(metavar="PACK/ITEM", help="Pack, a slash, and an id.")],
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="What a model might say.")],
    scorer: options.Scorer = "default",
    fuzzy_threshold: options.FuzzyThreshold = None,
    config: options.Config = None,
) -> int:
    """Say how one answer would be scored, and why."""
    from tqb.cli.output import write_out
    from tqb.packs import load_pack
    from tqb.redaction import redact_answer
    from tqb.scorers import load_scorer
    from tqb.text import one_line

    source, _, item_id = item.rpartition("/")
    if not source or not item_id:
        raise ConfigError(f"{item}: wanted PACK/ITEM, such as core-en/capital-japan")
    answer = redact_answer(answer)
    pack = load_pack(source)
    found = [one for one in pack.items if one.id == item_id]
    if not found:
        raise ConfigError(f"no item {item_id!r} in {source}; see `tqb pack show {source}`")
    with contextlib.redirect_stdout(sys.stderr):
        rivals = [target for one in pack.items for target in one.targets]
        score = load_scorer(scorer, threshold=fuzzy_threshold, rivals=rivals)(answer, found[0])
    rows = {
        "question": found[0].text,
        "expected": " | ".join(found[0].targets),
        "type": found[0].answer_type,
        "tolerance": "" if found[0].tolerance is None else str(found[0].tolerance),
        "forbidden": " | ".join(found[0].forbidden),
        "answer": answer,
        "score": f"{score.value:.2f}",
        "rule": score.matched_by or "none",
        "why": score.explanation,
    }
    optional = ("type", "tolerance", "forbidden")
    shown = [(label, text) for label, text in rows.items() if text or label not in optional]
    write_out(f"{'PASS' if score.passed else 'FAIL'}  {one_line(item)}\n")
    write_out("".join(f"  {label:<9} {one_line(text, 500)}\n" for label, text in shown))
    return EXIT_PASS if score.passed else EXIT_FAIL
