"""The rules of `tqb pack validate --strict`: what a program can hold of a good pack.

Above what `validate` holds of any pack (`tqb.packs.check`):

    items       the template's placeholders are gone; id is a slug, and no concept stands twice;
                answer_type, category, difficulty, language and a context are given
    wording     the question does not give an answer away; no invisible or direction
                character, no space around a text, all in NFC;
                question and context are mainly in the script of their language, a label in it or
                in Latin; Chinese has no characters of the other standard
    answers     no answer of one item is right for another, unless they have the same label
    questions   none is asked twice in other words, in the pack, in another one given, or, for a
                pack shipped, in the shipped ones of its language
    balance     at least two difficulties, and no category with more than half of the items
    concepts    parallel packs (core-*, or given together and sharing concepts) have the same ones,
                all of them among those of core-en
    metadata    license, SemVer, a date that is past, citeAs and description; a README.md whose
                front matter agrees in language, license and files

Canaries (`answer_type` verbatim, or a tag or category `canary`) look odd on purpose: they are
spared the rules of wording, questions and balance, and need no context, category or difficulty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from tqb.lint.answers import collisions, giveaways
from tqb.lint.concepts import parallel_findings
from tqb.lint.items import balance, item_findings, repeated_concepts
from tqb.lint.metadata import metadata_findings
from tqb.lint.questions import repeated_questions
from tqb.lint.records import Line, is_canary
from tqb.lint.scripts import script_findings
from tqb.lint.texts import text_findings
from tqb.packs import find_metadata, load_pack, locate, shipped_folder, shipped_packs
from tqb.packs.messages import clean
from tqb.packs.template import is_placeholder
from tqb.types import Item, Pack, Problem

MESSAGE = 300
"""Characters of a finding."""


def strict_findings(
    packs: Mapping[str, Pack], today: date | None = None
) -> dict[str, tuple[Problem, ...]]:
    """Hold packs against the rules above.

    Args:
        packs: loaded, by the source that they came from, as for `load_pack`.
        today: the last day on which a pack may have been published; the current one by default.

    Returns:
        The findings of each pack, sorted by file and line.

    Raises:
        PackError: a shipped pack to compare with cannot be loaded.
    """
    today = today or date.today()
    others = _shipped_beside(list(packs.values()))
    before: list[Pack] = []
    found = {}
    for source, pack in packs.items():
        rest = [other for other in packs.values() if other is not pack]
        findings = [
            *_pack_findings(pack),
            *repeated_questions(pack, [*before, *_of_its_own(pack, others)]),
            *parallel_findings(pack, rest, others),
        ]
        problems = {
            *(Problem(str(pack.path), line, clean(said, MESSAGE)) for line, said in findings),
            *metadata_findings(pack, find_metadata(locate(source)), today),
        }
        found[source] = tuple(sorted(problems, key=lambda p: (p.file, p.line or 0, p.message)))
        before.append(pack)
    return found


def _pack_findings(pack: Pack) -> Iterator[Line]:
    written = [item for item in pack.items if not is_placeholder(item.text)]
    for item in pack.items:
        if is_placeholder(item.text):
            yield item.line, "is a placeholder of `tqb pack new`; write your own item here"
    for item in written:
        yield from ((item.line, said) for said in item_findings(item))
        if not is_canary(item):
            yield from ((item.line, said) for said in _wording(item))
    yield from repeated_concepts(written)
    yield from collisions(written)
    yield from balance([item for item in written if not is_canary(item)])


def _wording(item: Item) -> Iterator[str]:
    yield from text_findings(item)
    yield from script_findings(item)
    yield from giveaways(item)


def _shipped_beside(packs: Sequence[Pack]) -> list[Pack]:
    """Return the shipped packs that are not among these, nor called as one of them is."""
    names = {pack.name for pack in packs}
    if not any(_is_shipped(pack) or pack.name.startswith("core-") for pack in packs):
        return []
    return [load_pack(name) for name in shipped_packs() if name not in names]


def _of_its_own(pack: Pack, others: Iterable[Pack]) -> list[Pack]:
    """Return those shipped packs whose questions a pack may not repeat."""
    return list(others) if _is_shipped(pack) else []


def _is_shipped(pack: Pack) -> bool:
    return pack.name in shipped_packs() and shipped_folder(pack.name) in pack.path.parents
