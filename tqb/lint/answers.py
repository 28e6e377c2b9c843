"""Answers that a question gives away, and answers of one item that are right for another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tqb.lint.records import Line
from tqb.packs.messages import quoted
from tqb.scorers import load_scorer
from tqb.scorers.languages import Language, language
from tqb.scorers.normalize import fold_but_case, normal_target, normalize
from tqb.scorers.reading.forms import same_word
from tqb.scorers.reading.tokens import Token, split
from tqb.types import Item

SHORT = 2
"""Letters of a symbol, such as N or Fe, whose case counts."""

_OPERATORS = frozenset("+-*/=<>^%‰°×÷±√∛∑∫·⋅≤≥≠≈$€£¥#@&|~!")
"""Signs beside which a number is part of a calculation or of a measure."""


def giveaways(item: Item) -> Iterator[str]:
    """Yield the answers that stand in the question; the options of a choice have to."""
    if item.answer_type == "choice":
        return
    for target in item.targets:
        if gives_away(item.text, target, item.lang):
            yield f"the question gives the answer {quoted(target, 40)} away; ask in other words"


def gives_away(question: str, target: str, lang: str) -> bool:
    """Tell whether a question holds an answer, word for word, as the scorer reads both.

    Inflected words count. A number counts unless it is part of a calculation or a measure; a
    symbol of up to two letters must be written in the same case; a single character of Chinese or
    Japanese must not be part of a word.
    """
    spoken = language(lang)
    asked = split(normalize(question, lang, peel=False), lang)
    wanted = split(normal_target(target, lang), lang)
    places = range(len(asked) - len(wanted) + 1) if wanted else ()
    return any(
        _same(asked[at : at + len(wanted)], wanted, spoken)
        and (len(wanted) > 1 or _means_it(asked, at, question, target, lang))
        for at in places
    )


def _same(said: Sequence[Token], wanted: Sequence[Token], spoken: Language) -> bool:
    return all(
        one.text == other.text
        or (one.kind == other.kind == "word" and same_word(one.text, other.text, spoken))
        for one, other in zip(said, wanted, strict=True)
    )


def _means_it(asked: Sequence[Token], at: int, question: str, target: str, lang: str) -> bool:
    """Tell whether an answer of one token means there what it means as an answer."""
    token = asked[at]
    beside = [*asked[max(0, at - 1) : at], *asked[at + 1 : at + 2]]
    if token.kind == "number":
        return not any(near.text in _OPERATORS for near in beside)
    if token.kind == "char":
        return not any(near.kind in ("char", "word") for near in beside)
    if len(token.text) <= SHORT and token.kind == "word":
        return fold_but_case(question, lang)[token.start : token.end] == fold_but_case(target, lang)
    return True


def collisions(items: Sequence[Item]) -> Iterator[Line]:
    """Yield answers of one item that are right for another, unless both have the same label.

    A label is put to the default scorer; an alias counts where the other item has it too.
    """
    score = load_scorer(rivals=[target for item in items for target in item.targets])
    for item in items:
        known = {normal_target(target, item.lang) for target in item.targets}
        for other in items:
            label, *aliases = (normal_target(target, other.lang) for target in other.targets)
            if other is item or label == normal_target(item.label, item.lang):
                continue
            shared = known.intersection(aliases) if other.line < item.line else ()
            right = [other.label] if score(other.label, item).passed else sorted(shared)
            for answer in right[:1]:
                said = f"the answer {quoted(answer, 40)} of line {other.line} is right here too"
                yield item.line, f"{said}; tell the two items apart"
