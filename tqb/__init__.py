"""Unit tests for LLM pipelines.

    Pack → Item → Request → Response | Failure → Score → Result → Report → Comparison → Verdict

    >>> import tqb
    >>> report = tqb.run(["core-en"], target="demo")
    >>> report.passed
    True

`run` asks a pipeline the questions of some packs, `load_pack` reads a pack, `score` scores one
answer, `compare` holds a run against a baseline. All records are in `tqb.types`, all errors in
`tqb.errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqb.types import Comparison, Item, Pack, Report, Score

__version__ = "0.1.0"

__all__ = ["__version__", "compare", "load_pack", "run", "score"]


def run(packs: Sequence[str] = ("core-en",), *, target: str = "demo", **options: Any) -> Report:
    """Run packs through a target; `options` are the other fields of `tqb.types.RunOptions`.

    Call it outside a running event loop.

    Raises:
        tqb.errors.InputError: a pack, target, prompt, scorer or baseline cannot be used.
    """
    from tqb import pipeline
    from tqb.types import RunOptions

    return pipeline.run(RunOptions(packs=tuple(packs), target=target, **options))


def load_pack(source: str | Path, *, verify: bool = True) -> Pack:
    """Read a pack: a shipped name, a folder, a ``croissant.json``, a ``.jsonl`` or ``.json`` file.

    Raises:
        tqb.errors.PackError: with every problem found, each with file and line.
    """
    from tqb import packs

    return packs.load_pack(str(source), verify=verify)


def score(answer: str, item: Item, *, scorer: str = "restated") -> Score:
    """Score one answer to one item with the scorer of that name."""
    from tqb.scorers import load_scorer

    return load_scorer(scorer)(answer, item)


def compare(base: str | Path, new: Report) -> Comparison:
    """Hold a report against a baseline file or an earlier JSON report.

    Raises:
        tqb.errors.BaselineError: `base` cannot be read.
    """
    from tqb import baseline, pipeline

    return baseline.compare(pipeline.read_baseline(Path(base)), new)
