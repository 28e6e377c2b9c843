"""What a scorer must know of a language: one readable table each, and CLDR for the rest."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
ALIASES = {"zh": "zh-Hans", "zh-cn": "zh-Hans", "zh-sg": "zh-Hans", "zh-tw": "zh-Hant"}
ALIASES |= {"zh-hk": "zh-Hant", "zh-mo": "zh-Hant"}
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """The closed classes of words of one language, in normal form."""

    tag: str
    """Name of the table; `und` for a language without one."""
    articles: frozenset[str] = frozenset()
    """The, a."""
    function: frozenset[str] = frozenset()
    """Words that add nothing to a restated question: copulas, prepositions, titles."""
    answer: frozenset[str] = frozenset()
    """Words of "the final answer is"."""
    approximate: frozenset[str] = frozenset()
    """Words that may stand beside a number: about, nearly."""
    gloss: frozenset[str] = frozenset()
    """Words with which a note begins after the answer: which, because, located."""
    negation: frozenset[str] = frozenset()
    """Words that deny: not, never, without."""
    alternative: frozenset[str] = frozenset()
    """Words that offer a choice: or, either."""
    correction: frozenset[str] = frozenset()
    """Words with which a speaker takes something back."""
    hedge: frozenset[str] = frozenset()
    """Words with which a speaker leaves open whether it is so: perhaps, I think."""
    minus: frozenset[str] = frozenset()
    """Words for the sign of a number below zero."""
    identity: frozenset[str] = frozenset()
    """Words that give a thing another name: also known as."""
    person: frozenset[str] = frozenset()
    """Words of a question that asks who."""
    yes: frozenset[str] = frozenset()
    """Words that say yes to a question."""
    no: frozenset[str] = frozenset()
    """Words that say no to it."""
    conjunction: frozenset[str] = frozenset()
    """Words that join the items of a list."""
    genitive: frozenset[str] = frozenset()
    """What makes a word the owner of what follows: 's, の."""
    limit: frozenset[str] = frozenset()
    """Words that bound or shift what they stand beside: before, half, former."""
    precision: frozenset[str] = frozenset()
    """Words of a question that asks for a number of decimals."""
    suffixes: frozenset[str] = frozenset()
    """What may be written at the end of a word: particles, copulas, case endings."""
    prefixes: frozenset[str] = frozenset()
    """What may be written at the beginning of a word: the article and conjunctions of Arabic."""
    ordinal: frozenset[str] = frozenset()
    """What is written after digits to make an ordinal: th, e, inci."""
    endings: tuple[tuple[str, str], ...] = ()
    """Pairs of endings that one noun may have: singular and plural."""
    pairing: tuple[tuple[str, str], ...] = ()
    """Pairs of words that stand before and after the first of two items: both … and."""
    fractions: tuple[tuple[str, int], ...] = ()
    """Words for a half, a third, … that are no ordinals, each with what it divides by."""
    period: tuple[tuple[str, str], ...] = ()
    """Pairs of words that stand before the first and the last year of a period: between … and."""
    within: frozenset[str] = frozenset()
    """Words after the last number of a range, where others have "between" before the first."""
    hundredth: frozenset[str] = frozenset()
    """Words for a hundredth of a unit of money: cents."""
    era: tuple[str, ...] = ()
    """Names of the era before ours that CLDR does not have: BCE."""
    open: tuple[str, ...] = ()
    """Phrases after a number that leave it open to one side: or more."""
    joint: frozenset[str] = frozenset()
    """Endings of a verb that joins its clause to the next."""
    relating: frozenset[str] = frozenset()
    """Words that relate what follows to another thing: of, than, near."""
    verbal: frozenset[str] = frozenset()
    """Endings of the word for doing something: describing, describir."""
    conjugated: frozenset[str] = frozenset()
    """What is written at the end of a verb in its other forms: s, ed."""
    copula: tuple[str, ...] = ()
    """Endings with which a noun says what something is: başkentidir."""
    irregular: tuple[tuple[str, str], ...] = ()
    """Verbs as a question has them, each with a form that an answer has: begin, began."""
    reason: tuple[str, ...] = ()
    """Words with which a reason begins: because, since."""
    total: frozenset[str] = frozenset()
    """Words for a sum: altogether, in total."""
    conclusion: frozenset[str] = frozenset()
    """Words that draw a conclusion: therefore, so."""
    joining: frozenset[str] = frozenset()
    """Words that only join a phrase to a question: to, because of."""
    connectors: tuple[str, ...] = ()
    """A word of notes, then phrases that mean the same: namely, that is, for example."""
    also: tuple[str, ...] = ()
    """Phrases that give another word for a thing, or another name of somebody: also known as."""
    compounds: tuple[str, ...] = ()
    """Formulas of substances that are as often called by them: CO2 = carbon dioxide."""
    counting: tuple[str, ...] = ()
    """How a question asks for a count of things, and for no amount: how many, wie viele."""
    ordering: tuple[str, ...] = ()
    """How a question asks for things in an order: from oldest to newest, rank."""
    refusing: tuple[str, ...] = ()
    """How somebody says that they do not answer: I can't help, which is no "no"."""
    fuzzy: float = 0.9
    """Least likeness, 0 to 1, of an answer with a slip; 1 where words are too short for it."""
    decimal: str = "."
    """Decimal mark."""
    spaced: bool = True
    """Whether words stand apart."""

    @property
    def light(self) -> frozenset[str]:
        """Words that add nothing to an answer."""
        return _union(self.function, self.articles, self.answer)

    @property
    def light_with_numbers(self) -> frozenset[str]:
        """The same beside a number: "about", and particles."""
        return _union(self.light, self.approximate, self.suffixes)

    @property
    def flags(self) -> frozenset[str]:
        """Words after which an answer is no longer plainly given."""
        return _union(self.alternative, self.correction, self.hedge)

    @property
    def choice(self) -> frozenset[str]:
        """Words that leave open which answer is meant."""
        return _union(self.hedge, self.alternative)

    @property
    def refusal(self) -> frozenset[str]:
        """Words that deny, or offer a choice."""
        return _union(self.negation, self.alternative)

    @property
    def retraction(self) -> frozenset[str]:
        """Words that take back what was said."""
        return _union(self.negation, self.correction)

    @property
    def said_about_names(self) -> frozenset[str]:
        """Words that may stand before a name and are none."""
        return _union(self.light, self.flags, self.negation, self.limit, self.gloss)

    @property
    def denial(self) -> frozenset[str]:
        """Words that deny, doubt or take back."""
        return _union(self.negation, self.hedge, self.correction)


@lru_cache(maxsize=128)
def _union(*classes: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*classes)


def table_name(tag: str) -> str | None:
    """Return the table for a BCP 47 tag, None where there is none."""
    lowered = tag.lower()
    if lowered in ALIASES:
        return ALIASES[lowered]
    for name in NAMES:
        if lowered == name.lower() or lowered.startswith(name.lower() + "-"):
            return name
    return None


@lru_cache(maxsize=64)
def language(tag: str) -> Language:
    """Return what is known of a language; of an unknown one, nothing but how numbers look."""
    from tqb.scorers.normalize import fold

    name = table_name(tag)
    if name is None:
        return Language("und")
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    table = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    table.pop("locale")
    rows: dict[str, Any] = {key: tuple(table.pop(key, ())) for key in _AS_WRITTEN}
    for key in _IN_PHRASES:
        rows[key] = tuple(fold(phrase, tag) for phrase in table.pop(key, ()))
    pairs = {key: [pair.partition(">") for pair in table.pop(key, "").split()] for key in _PAIRED}
    rows |= {key: tuple((one, other) for one, _, other in pairs[key]) for key in pairs}
    rows["pairing"] = tuple((fold(one, tag), fold(other, tag)) for one, other in rows["pairing"])
    rows["fractions"] = tuple((fold(word, tag), int(part)) for word, part in rows["fractions"])
    least = float(table.pop("fuzzy", "0.9"))
    for key, text in table.items():
        rows[key] = frozenset(fold(word, tag) for word in text.split())
    decimal = "," if name in ("fr", "de", "es", "pt", "tr", "ru") else "."
    spaced = name[:2] not in ("ja", "zh")
    return Language(name, **rows, fuzzy=least, decimal=decimal, spaced=spaced)


_AS_WRITTEN = ("connectors", "copula", "also", "era", "open", "reason", "compounds")
_IN_PHRASES = ("counting", "ordering", "refusing")
_PAIRED = ("endings", "irregular", "pairing", "period", "fractions")
