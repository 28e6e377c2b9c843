"""Whether an answer gives the wanted formula, or a calculation that comes to it."""

from __future__ import annotations

import re

from tqb.scorers.rules.explained import unexplained
from tqb.scorers.rules.find import find_in
from tqb.scorers.rules.subject import Subject, Wanted
from tqb.scorers.values.formulas import canonical, factors, last_side, pieces, right_side


def same_formula(answer: str, want: Wanted) -> bool:
    """Tell whether an answer is the wanted formula in another spelling."""
    if not want.formula:
        return False
    said = canonical(answer)
    if said == want.formula:
        return True
    sides = right_side(said), right_side(want.formula)
    if (sides[0] and sides[0] == want.formula) or (sides[1] and sides[1] in (said, sides[0])):
        return True
    return "=" in answer and canonical(last_side(answer)) in (want.formula, sides[1] or None)


def gives_formula(answer: str, want: Wanted, about: Subject) -> bool:
    """Tell whether the first formula that an answer gives, or what it comes to, is the wanted one.

    Formulas of the question and single letters ("where m is the mass") do not count.
    """
    asked = {canonical(piece) for piece in pieces(about.question)}
    found = [piece for piece in pieces(answer) if canonical(piece) not in asked]
    if not found:
        return False
    steps = "=" in found[0] and "=" in found[-1]
    return same_formula(found[0], want) or (steps and same_formula(found[-1], want))


_SIGN = re.compile(r"\d\s*[*×·^⋅]|[²³⁴-⁹]")
_PROSE = re.compile(r"[^\W\d_]{4,}")
_STEP = re.compile(r"[=+×*/−-]\s*\d")


def _is_number(want: Wanted) -> bool:
    """Whether a target is a number, or one of something: money, apples."""
    numbers = [token for token in want.reading if token.kind == "number"]
    return want.quantity is not None or (len(numbers) == 1 and len(want.reading) <= _LONGEST)


_LONGEST = 3


def comes_to(text: str, want: Wanted, about: Subject) -> bool:
    """Tell whether a calculation comes to the wanted number: XL = 50 - 10 = 40.

    A number that is wanted as a product, such as 2² × 3, may have its factors in any order.
    """
    product = factors(want.text) if _SIGN.search(want.text) else None
    if product:
        return factors(last_side(text)) == product
    if ("=" not in text and "≈" not in text) or not _is_number(want):
        return False
    head, _, tail = text.replace("≈", "=").strip("$ ").rpartition("=")
    if _PROSE.search(head) and not _STEP.search(head):
        return False
    tokens, spans = find_in(tail, want, about)
    return any(
        span.start == 0 and not unexplained(tokens[span.end :], about, number=True)
        for span in spans
    )
