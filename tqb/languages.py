"""The languages of a run side by side, related by the concepts that their items share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from tqb.changes import by_item, count_passes
from tqb.tallies import interval, latency, rounded, tally
from tqb.types import LanguageRow, Languages, Result

REFERENCE = "en"
"""The language that token counts are held against."""
UNKNOWN = ("", "und")
"""Languages of items that do not say theirs."""

Groups = Mapping[str, Mapping[str, Sequence[Result]]]
"""Results by language and concept."""


@dataclass(frozen=True, slots=True)
class _Failures:
    """Where a concept fails."""

    asked: tuple[str, ...]
    """Languages in which it was answered."""
    failing: tuple[str, ...]
    """Those of them in which at most half of the answers passed."""


def side_by_side(results: Sequence[Result], names: Collection[str]) -> Languages | None:
    """Compare the languages of a run, of which these are the names; None for fewer than two."""
    if len(set(names).difference(UNKNOWN)) < 2:
        return None
    by_language: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.language not in UNKNOWN:
            by_language[result.language].append(result)
    names = sorted(by_language, key=lambda name: (not _is_reference(name), name))
    groups = {name: _by_concept(by_language[name]) for name in names}
    failures = _failures(groups)
    common = [concept for concept, found in failures.items() if len(found.asked) == len(names)]
    rows = tuple(_row(name, by_language[name], groups, failures, common) for name in names)
    most = {
        concept: found.failing
        for concept, found in failures.items()
        if len(found.failing) > 1 and 2 * len(found.failing) > len(found.asked)
    }
    return Languages(rows, len(common), most)


def _is_reference(language: str) -> bool:
    return language.partition("-")[0].lower() == REFERENCE


def _by_concept(results: Iterable[Result]) -> dict[str, list[Result]]:
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.concept:
            groups[result.concept].append(result)
    return dict(groups)


def _row(
    name: str,
    results: Sequence[Result],
    groups: Groups,
    failures: Mapping[str, _Failures],
    common: Sequence[str],
) -> LanguageRow:
    whole = tally(results)
    waited = latency([r.latency_s for r in results if r.latency_s is not None])
    reference = next(filter(_is_reference, groups), "")
    premium, shared = _token_premium(groups[name], groups.get(reference, {}))
    return LanguageRow(
        language=name,
        n=whole.n,
        passed=whole.passed,
        errors=whole.errors,
        accuracy=whole.accuracy,
        accuracy_interval=interval(whole, map(count_passes, by_item(results).values())),
        common_accuracy=tally(r for concept in common for r in groups[name][concept]).accuracy,
        token_premium=premium,
        shared_concepts=shared,
        latency_p50=waited.p50 if waited else None,
        fails_alone=tuple(
            concept
            for concept, found in failures.items()
            if found.failing == (name,) and len(found.asked) > 1
        ),
    )


def _token_premium(
    own: Mapping[str, Sequence[Result]], reference: Mapping[str, Sequence[Result]]
) -> tuple[float | None, int]:
    """Return the prompt tokens of a language as a multiple of English, and over what.

    The sums over all concepts whose tokens are known in both are divided: what the same questions
    cost, the instructions of the prompt included. (Petrov et al. 2023 call the ratio for one text
    the tokenization premium.)
    """
    mine, theirs = _tokens(own), _tokens(reference)
    shared = sorted(mine.keys() & theirs.keys())
    there = sum(theirs[concept] for concept in shared)
    if not there:
        return None, 0
    return rounded(sum(mine[concept] for concept in shared) / there), len(shared)


def _tokens(groups: Mapping[str, Sequence[Result]]) -> dict[str, float]:
    """Return the mean of the prompt tokens of each concept, where any is known."""
    known = {
        concept: [r.prompt_tokens for r in results if r.prompt_tokens is not None]
        for concept, results in groups.items()
    }
    return {concept: fmean(counts) for concept, counts in known.items() if counts}


def _failures(groups: Groups) -> dict[str, _Failures]:
    """Return where each concept was answered, and where it fails, by concept."""
    found = {}
    for concept in sorted({concept for group in groups.values() for concept in group}):
        passes = {
            language: count_passes(group[concept])
            for language, group in groups.items()
            if concept in group
        }
        asked = tuple(language for language, count in passes.items() if count.n)
        failing = tuple(language for language in asked if not passes[language].passing)
        found[concept] = _Failures(asked, failing)
    return found
