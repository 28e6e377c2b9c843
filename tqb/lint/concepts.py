"""The same facts in packs of several languages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tqb.lint.records import Line
from tqb.packs.messages import listed, quoted
from tqb.types import Pack

PARALLEL = "core-"
"""With this begin the names of packs that are parallel wherever they lie."""
REFERENCE = "core-en"
"""The pack that may have more concepts than those parallel to it."""


def parallel_findings(pack: Pack, given: Sequence[Pack], shipped: Sequence[Pack]) -> Iterator[Line]:
    """Yield concepts that a pack has and those parallel to it lack, or the reverse.

    Parallel are packs of different languages that are called core-…, or that were given together
    and share a concept. All have the same concepts; core-en may have more.

    Args:
        pack: in question.
        given: the others that were given with it, which get findings of their own.
        shipped: packs that are not checked; of these only core-… count.
    """
    beside = [other for other in given if _are_parallel(pack, other, together=True)]
    fixed = [other for other in shipped if _are_parallel(pack, other, together=False)]
    if pack.name == REFERENCE:
        return
    peers = [other for other in (*beside, *fixed) if other.name != REFERENCE]
    own = concepts_of(pack)
    missing = {name: other.name for other in peers for name in concepts_of(other) - own}
    if missing:
        packs = listed(sorted(set(missing.values())))
        said = f"lacks the concepts {listed(sorted(missing))} of {packs}"
        yield None, f"{said}; add an item for each, or take them out there"
    held = [other for other in (*beside, *fixed) if other.name == REFERENCE or other in fixed]
    for item in pack.items:
        without = [other.name for other in held if item.concept not in concepts_of(other)]
        if item.concept and without:
            said = f"concept {quoted(item.concept)} is not in {listed(without, 3)}"
            yield item.line, f"{said}; take the slug that it has there, or leave the item out"


def concepts_of(pack: Pack) -> frozenset[str]:
    """Return the concepts of a pack's items."""
    return frozenset(item.concept for item in pack.items if item.concept)


def _are_parallel(one: Pack, other: Pack, *, together: bool) -> bool:
    if set(one.languages) & set(other.languages):
        return False
    named = one.name.startswith(PARALLEL) and other.name.startswith(PARALLEL)
    return named or (together and bool(concepts_of(one) & concepts_of(other)))
