"""Everything that is wrong with a pack, at once."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tqb.errors import PackError
from tqb.packs.croissant import Metadata
from tqb.packs.items import ITEM_KEYS
from tqb.packs.load import Draft, find_metadata, locate, read_draft
from tqb.packs.messages import clean, listed, nearest, quoted
from tqb.packs.reading import MAX_PROBLEMS, Row
from tqb.packs.safety import check_metadata, line_of
from tqb.packs.subset import CONTEXTS, CROISSANT_1_0, CROISSANT_1_1, PREFIXES
from tqb.types import Item, Pack, Problem

MAX_ITEMS_BYTES = 20_000
"""A pack is small enough to read before it is run."""

_TEXT_KEYS = ("text", "label", "context", "lang", "id", "concept")
_SHARED = "name description url sameAs identifier alternateName"
_RAI = (
    "annotationsPerItem annotatorDemographics dataAnnotationAnalysis dataAnnotationPlatform "
    "dataAnnotationProtocol dataBiases dataCollection dataCollectionMissingData "
    "dataCollectionRawData dataCollectionTimeFrame dataCollectionType "
    "dataDataManipulationProtocol dataImputationProtocol dataLimitations "
    "dataPreprocessingProtocol dataReleaseMaintenancePlan dataSocialImpact dataUseCases "
    "hasSyntheticData machineAnnotationTools personalSensitiveInformation"
)
_KNOWN: Mapping[str, str] = {
    "": f"{_SHARED} abstract citation citeAs conformsTo contributor copyrightHolder copyrightYear "
    "creator dateCreated dateModified datePublished distribution funder inLanguage "
    "isAccessibleForFree isBasedOn isLiveDataset keywords license maintainer publisher recordSet "
    "sdDatePublished sdLicense sdPublisher sdVersion size spatialCoverage temporalCoverage "
    "usageInfo version",
    "distribution": f"{_SHARED} containedIn contentSize contentUrl encodingFormat excludes "
    "includes md5 sha256 source",
    "recordSet": f"{_SHARED} annotation data dataType examples field isEnumeration key",
    "field": f"{_SHARED} annotation arrayShape dataType equivalentProperty isArray parentField "
    "references repeated source subField value",
    "source": "distribution extract field fileObject fileSet format recordSet samplingRate "
    "transform",
    "extract": "column fileProperty jsonPath",
    "transform": "delimiter format jsonPath readLines regex replace samplingRate separator "
    "unArchive",
    "creator": f"{_SHARED} affiliation email familyName givenName",
}
"""Properties by the property that leads to the node; empty for the dataset itself."""
_SAME_AS = {"subField": "field", "publisher": "creator", "references": "source"}


def check_pack(
    source: str,
    faults: Callable[[Item], Iterable[str]] = lambda item: (),
    *,
    verify: bool = True,
) -> tuple[Pack | None, tuple[Problem, ...]]:
    """Check a pack for `tqb pack validate`.

    Args:
        source: as for `load_pack`.
        faults: says what a scorer finds wrong with an item, such as `tqb.scorers.item_faults`.
        verify: whether hashes that do not match are findings.

    Returns:
        The pack, None where it cannot be loaded, and all findings sorted by file and line.
    """
    findings: list[Problem] = []
    pack = None
    try:
        path = locate(source)
        metadata = find_metadata(path)
        if metadata:
            findings += _metadata_findings(metadata)
        draft = read_draft(path, metadata, verify=verify)
        findings += [*draft.problems, *_draft_findings(draft)]
        findings += [
            Problem(str(draft.source.path), item.line, clean(fault))
            for item in draft.pack.items
            for fault in faults(item)
        ]
        pack = None if draft.problems else draft.pack
    except PackError as error:
        findings += _not_told_yet(error.problems, findings)
    return pack, tuple(sorted(set(findings), key=lambda p: (p.file, p.line or 0, p.message)))


def _not_told_yet(problems: Iterable[Problem], findings: list[Problem]) -> list[Problem]:
    """Leave out mlcroissant's refusal where each of its issues is a finding already."""
    told = any(finding.message.startswith("mlcroissant: ") for finding in findings)
    return [p for p in problems if not (told and p.message.startswith("mlcroissant refuses"))]


def _metadata_findings(metadata: Metadata) -> list[Problem]:
    file, text = str(metadata.path), metadata.text
    try:
        check_metadata(metadata.values, file, text)
        from tqb.packs.slow import metadata_findings

        issues = metadata_findings(metadata.path)
    except PackError as error:
        return list(error.problems)
    lint = (*_context_keys(metadata.values), *_unknown_keys(metadata.values, ""))
    findings = [Problem(file, line_of(text, key), message) for key, message in lint[:MAX_PROBLEMS]]
    return findings + [Problem(file, None, f"mlcroissant: {clean(issue)}") for issue in issues]


def _context_keys(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what differs from the canonical ``@context``, by key."""
    context = values.get("@context")
    if not isinstance(context, dict):
        return
    claims = values.get("conformsTo")
    old = CROISSANT_1_0 in (claims if isinstance(claims, list) else [claims])
    canonical = CONTEXTS[CROISSANT_1_0 if old else CROISSANT_1_1]
    missing = [key for key in canonical if key not in context]
    if missing:
        yield "@context", f"@context lacks {listed(missing)}; copy them from the Croissant format"
    for key, value in context.items():
        if key in canonical and canonical[key] != value:
            yield key, f"@context gives {quoted(key)} a meaning of its own; use Croissant's"
        elif key not in canonical and not isinstance(value, str):
            yield key, f"@context defines {quoted(key)}, which Croissant does not; remove it"
        elif key not in canonical and key not in PREFIXES and not value.startswith("http"):
            yield key, f"@context has an unknown key {quoted(key)}{nearest(key, canonical)}"


def _unknown_keys(node: Any, kind: str) -> Iterator[tuple[str, str]]:
    """Yield properties that neither Croissant nor schema.org has for this kind of node."""
    for child in node if isinstance(node, list) else [node]:
        if not isinstance(child, dict) or kind not in _KNOWN:
            continue
        for key, value in child.items():
            known = _RAI.split() if key.startswith("rai:") else _KNOWN[kind].split()
            name = key.removeprefix("rai:").removeprefix("sc:").removeprefix("cr:")
            if name not in known and not name.startswith("@") and ":" not in name:
                yield key, f"unknown property {quoted(key)}{nearest(name, known)}"
            yield from _unknown_keys(value, _SAME_AS.get(name, name))


def _draft_findings(draft: Draft) -> list[Problem]:
    """Return what is wrong with items that load, and with the pack as a whole."""
    file, rows, items = str(draft.source.path), draft.source.picked, draft.pack.items
    broken = {problem.line for problem in draft.problems if problem.file == file}
    sound = [row for row in rows if row.line not in broken]
    found = [
        *_undeclared(draft),
        *(pair for row in sound for pair in _schema_findings(row)),
        *_duplicate_questions(items),
        *_labels_not_in_context(items),
        *(_numeric_columns(rows) if draft.metadata else ()),
        *_size(draft),
    ]
    findings = [Problem(file, line, message) for line, message in found]
    return findings + _languages(draft)


def _undeclared(draft: Draft) -> Iterator[tuple[int | None, str]]:
    layout = draft.source.layout
    known = layout.sources if layout else frozenset(ITEM_KEYS)
    where = "in no field of the croissant.json" if layout else "no key of an item"
    for row in draft.source.rows.rows:
        for key in row.values:
            if key not in known:
                new = "; `tqb pack seal` adds it" if key in ITEM_KEYS else nearest(key, known)
                yield row.line, f"key {quoted(key)} is {where}{new}"


@cache
def _validator() -> Any:
    """Return the validator of `item.schema.json`."""
    from jsonschema import Draft202012Validator

    schema = Path(__file__).with_name("item.schema.json")
    return Draft202012Validator(json.loads(schema.read_bytes()))


def _schema_findings(row: Row) -> Iterator[tuple[int, str]]:
    for error in _validator().iter_errors(row.values):
        if error.validator not in ("additionalProperties", "required"):
            where = ".".join(map(str, error.absolute_path)) or "the item"
            wanted = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
            yield row.line, f"{quoted(where)} is {quoted(error.instance)}; write {wanted}"


def _duplicate_questions(items: Iterable[Item]) -> Iterator[tuple[int, str]]:
    first: dict[str, int] = {}
    for item in items:
        folded = " ".join(unicodedata.normalize("NFKC", item.text).casefold().split())
        if folded in first:
            yield item.line, f"asks the same question as line {first[folded]}; ask another"
        first.setdefault(folded, item.line)


def _labels_not_in_context(items: Iterable[Item]) -> Iterator[tuple[int, str]]:
    for item in items:
        if item.context and item.label not in item.context:
            message = f"label {quoted(item.label)} does not stand in the context, letter by letter"
            yield item.line, f"{message}; mend either"


def _numeric_columns(rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """Yield columns that mlcroissant's pandas would read as numbers."""
    for key in _TEXT_KEYS:
        filled = [row for row in rows if isinstance(row.values.get(key), str)]
        if filled and all(_is_number(row.values[key]) for row in filled):
            message = f"every {key!r} is a number, so mlcroissant reads 7 for '007'"
            yield filled[0].line, f"{message}; give one item another {key}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _size(draft: Draft) -> Iterator[tuple[None, str]]:
    yield from ((None, message) for message in size_faults(draft.source.path.stat().st_size))
    if not draft.source.rows.rows and not draft.problems:
        yield None, "holds no items; write one on each line"


def size_faults(size: int) -> tuple[str, ...]:
    """Return what is wrong with the size of an items file, in bytes."""
    if size <= MAX_ITEMS_BYTES:
        return ()
    return (f"is {size:,} bytes, more than {MAX_ITEMS_BYTES:,}; split it into smaller packs",)


def _languages(draft: Draft) -> list[Problem]:
    """Hold the languages declared against those of the items."""
    metadata = draft.metadata
    declared = metadata.values.get("inLanguage") if metadata else None
    if metadata is None or declared is None:
        return []
    declared = declared if isinstance(declared, list) else [declared]
    wrong = {str(tag) for tag in declared} ^ set(draft.pack.languages)
    if not wrong:
        return []
    message = f"inLanguage and the items differ in {listed(sorted(wrong))}; declare what they are"
    return [Problem(str(metadata.path), line_of(metadata.text, "inLanguage"), message)]
