"""What an answer must not hold, whatever else it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tqb.scorers.forms import same_word
from tqb.scorers.languages import Language, language
from tqb.scorers.reading import without_reasoning
from tqb.scorers.tokens import tokenize
from tqb.types import Item, Score, Scorer

LONGEST = 200_000
"""Characters of an answer that are read."""

_EMPHASIS = re.compile("[*_`]+")


def refusing(score: Scorer) -> Scorer:
    """Return the scorer with the forbidden strings of an item put before its own rules."""

    def score_allowed(answer: str, item: Item) -> Score:
        held = next(_held(answer, item), None)
        if held is None:
            return score(answer, item)
        return Score(False, 0.0, None, f"holds the forbidden {held!r}")

    return score_allowed


def _held(answer: str, item: Item) -> Iterator[str]:
    """Yield the forbidden strings that an answer holds, in any form of their words.

    Reasoning blocks are set aside; the text is read with Markdown's emphasis and without. The words
    are compared one by one, so "art" does not stand in "party"; in a language without spaces each
    character is a word. A string without words or signs is looked for as it stands.
    """
    if not item.forbidden:
        return
    said, spoken = without_reasoning(answer)[:LONGEST], language(item.lang)
    texts = [
        [token.text for token in tokenize(text, item.lang)]
        for text in dict.fromkeys((said, _EMPHASIS.sub("", said)))
    ]
    for string in item.forbidden:
        form = [token.text for token in tokenize(string, item.lang)]
        if any(_stands_in(words, form, spoken) for words in texts) or (not form and string in said):
            yield string


def _stands_in(words: Sequence[str], form: Sequence[str], spoken: Language) -> bool:
    places = range(len(words) - len(form) + 1) if form else ()
    return any(
        all(same_word(words[at + step], one, spoken) for step, one in enumerate(form))
        for at in places
    )
