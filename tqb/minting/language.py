"""Whether a text is in the language that was asked for, told by its script and its small words.

This is light on purpose: a model that misses the language writes in English, or in that of the
exemplars, and a sentence holds enough articles and prepositions to tell. The words are those of the
scorers' tables, so the twelve languages are told from one another; of any other language only its
script is looked at, and whether the text is plainly in one of the twelve.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from functools import lru_cache

from tqb.lint.scripts import prefixes, script_of
from tqb.packs.messages import quoted
from tqb.scorers.languages import NAMES, language, table_name
from tqb.scorers.normalize import fold, primary

OWN_SHARE = 0.5
"""Least share of the letters that are in the script of the language."""
LEAST_WEIGHT = 1.0
"""Weight of another language's small words from which a text may be in it."""
PLAIN_WEIGHT, PLAIN_SHARE = 2.0, 0.3
"""The same for a language without a table of its own, and the share of the words it comes to."""
LEAST_WORDS = 2
"""Words, names aside, from which a text shows its language."""
SPEECHLESS = 6
"""Words, names aside, of which one at least is small in a language that has articles."""
_ARTICLES = ("de", "en", "es", "fr", "pt")

_LETTERS = {
    "ru": "іїєґўјљњћђџ",
    "uk": "ыэёъ",
    "ar": "پچژگکیے",
    "fa": "يكة",
}
"""Letters that a language does not have and its neighbours of the same script do."""
_RELATED = {
    "en": "sco pcm jam",
    "fr": "oc frp wa pcd ht ca it",
    "es": "ca gl ast an lad eo it",
    "pt": "gl mwl kea ast it",
    "de": "lb nds gsw bar ksh nl af fy yi",
    "tr": "az gag crh tk uz tt",
}
"""Languages whose small words are those of one with a table."""


def language_fault(text: str, lang: str) -> str:
    """Return how a text shows that it is not in a language, nothing where it may be.

    Args:
        text: a question or a sentence; a name alone says nothing.
        lang: BCP 47 tag.
    """
    if primary(lang) in ("und", "mul"):
        return ""
    letters = [letter for letter in unicodedata.normalize("NFKC", text) if letter.isalpha()]
    return _script_fault(letters, lang) or _letter_fault(letters, lang) or _word_fault(text, lang)


def _script_fault(letters: list[str], lang: str) -> str:
    script = script_of(lang)
    own = prefixes(script)
    if not own or not letters:
        return ""
    kinds = Counter(unicodedata.name(letter, "?").split("-")[0].split()[0] for letter in letters)
    inside = sum(count for kind, count in kinds.items() if kind in own)
    if inside < OWN_SHARE * len(letters) and not _dense(inside, len(letters), script):
        kind = kinds.most_common(1)[0][0]
        return f"is not in the script of {quoted(lang)} but in {kind.title()} letters"
    kana = kinds["HIRAGANA"] + kinds["KATAKANA"]
    if script == "Jpan" and not kana and kinds["CJK"] > 8:
        return f"has no kana, so it is Chinese, not {quoted(lang)}"
    if script in ("Hans", "Hant") and kana > 0.2 * len(letters):
        return f"has kana, so it is Japanese, not {quoted(lang)}"
    return ""


def _dense(inside: int, letters: int, script: str) -> bool:
    """Tell whether enough is said in a script of syllables or words, beside a long Latin name."""
    return script in ("Hans", "Hant", "Jpan", "Kore") and inside >= 0.2 * letters and inside > 3


def _letter_fault(letters: list[str], lang: str) -> str:
    foreign = [letter for letter in letters if letter.lower() in _LETTERS.get(primary(lang), "")]
    if len(foreign) < max(2, 0.02 * len(letters)):
        return ""
    return f"holds letters that {quoted(lang)} does not have, see {quoted(''.join(foreign[:5]))}"


def _word_fault(text: str, lang: str) -> str:
    """Hold the small words of a text in Latin script against the tables of all languages."""
    if script_of(lang) != "Latn":
        return ""
    own = table_name(lang) or ""
    words = _words(text)
    if len(words) < LEAST_WORDS:
        return ""
    weights = _weigh(words)
    said = weights.get(own, 0.0)
    rivals = {
        name: weight
        for name, weight in weights.items()
        if name != own and primary(lang) not in _RELATED[name].split()
    }
    best = max(rivals, key=lambda name: rivals[name], default="")
    most = rivals.get(best, 0.0)
    if own:
        wrong = most >= max(LEAST_WEIGHT, 2 * said + 0.5)
    else:
        wrong = most >= max(PLAIN_WEIGHT, PLAIN_SHARE * len(words))
    if wrong:
        return f"is in the language {quoted(best)}, not {quoted(lang)}"
    if own in _ARTICLES and not said and len(words) >= SPEECHLESS:
        return (
            f"has no article, preposition or the like of {quoted(lang)}, so it is another language"
        )
    return ""


def _words(text: str) -> list[str]:
    """Return the words of a text in small letters, without names: those amid a sentence."""
    found = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?['’]?", text)
    return [word for at, word in enumerate(found) if at == 0 or not word[0].isupper()]


def _weigh(words: list[str]) -> dict[str, float]:
    """Return the weight of each language: its small words, each shared by those that have it."""
    weights: dict[str, float] = defaultdict(float)
    for word in words:
        pieces = [word, *re.split(r"(?<=['’])", word)]
        homes = {name for piece in pieces for name in _homes(piece.replace("’", "'"))}
        for name in homes:
            weights[name] += 1 / len(homes)
    return weights


@lru_cache(maxsize=8192)
def _homes(word: str) -> frozenset[str]:
    """Return the languages in Latin script that have a small word."""
    return frozenset(name for name, words in _tables().items() if fold(word, name) in words)


@lru_cache(maxsize=1)
def _tables() -> dict[str, frozenset[str]]:
    tables = {}
    for name in NAMES:
        if script_of(name) == "Latn":
            known = language(name)
            tables[name] = known.articles | known.function | known.gloss | known.relating
    return tables
