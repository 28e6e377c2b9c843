"""The part of Croissant that tqb writes, read without mlcroissant.

mlcroissant takes seconds to import. A croissant.json in which every key, type and value is one of
those below means the same to it as to us, so such a pack is read at once; anything else is left
to mlcroissant. The lists are closed on purpose: a doubt is a no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tqb.errors import PackError
from tqb.packs.items import ARRAY_KEYS, ITEM_KEYS
from tqb.packs.layout import Column, Layout, Leaf, arrange
from tqb.packs.reading import Row

Check = Callable[[Any], bool]

CROISSANT_1_0 = "http://mlcommons.org/croissant/1.0"
CROISSANT_1_1 = "http://mlcommons.org/croissant/1.1"
RAI_1_0 = "http://mlcommons.org/croissant/RAI/1.0"
JSON_LINES = "application/jsonlines"
EDITED = (
    "its sha256 is not the one in croissant.json: the file was edited after it was hashed; "
    "stamp it anew with `tqb pack seal`, or load with --no-verify"
)
PREFIXES = {"prov": "http://www.w3.org/ns/prov#"}
"""What a pack may add to the canonical context."""

_CR_TERMS = (
    "citeAs column equivalentProperty extract field fileProperty fileObject fileSet format "
    "includes isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated "
    "replace samplingRate separator source subField transform"
)
_CONTEXT_1_0: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _CR_TERMS.split()},
}
CONTEXTS: Mapping[str, Mapping[str, Any]] = {
    CROISSANT_1_0: _CONTEXT_1_0,
    CROISSANT_1_1: {
        **_CONTEXT_1_0,
        **{term: f"cr:{term}" for term in ("arrayShape", "containedIn", "isArray")},
        "name": {"@container": "@language"},
        "description": {"@container": "@language"},
    },
}
"""The canonical ``@context`` of each version, as mlcroissant has it."""


@dataclass(frozen=True, slots=True)
class Subset:
    """What a croissant.json of the subset says about its items."""

    url: str
    """Path of the items file below the pack's folder."""
    sha256: str
    layout: Layout


@dataclass(frozen=True, slots=True)
class _Shape:
    """The closed list of keys of one type of node, each with a test of its value."""

    required: Mapping[str, Check]
    optional: Mapping[str, Check] = field(default_factory=dict)

    def __call__(self, node: Any) -> bool:
        """Tell whether a node has these keys, no others, and the right values."""
        return isinstance(node, dict) and next(self.misfits(node), None) is None

    def misfits(self, node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield the keys that keep a node from being of this type, each with what is wrong."""
        known = {**self.required, **self.optional}
        for key in sorted(self.required.keys() - node.keys()):
            yield key, "is missing"
        for key, value in node.items():
            if key not in known:
                yield key, "is none that tqb knows"
            elif not known[key](value):
                yield key, "is malformed"


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _one_of(*values: Any) -> Check:
    return lambda value: any(type(value) is type(one) and value == one for one in values)


def _matches(pattern: str) -> Check:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and bool(value) and all(map(check, value))


def _either(*checks: Check) -> Check:
    return lambda value: any(check(value) for check in checks)


def _iso_date(value: Any) -> bool:
    if not _matches(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _provenance(value: Any, depth: int = 0) -> bool:
    """Tell whether a value is a text or a small tree of ``prov:`` nodes."""
    if depth == 0 and not isinstance(value, dict):
        return False
    if not isinstance(value, dict):
        return _text(value)
    kind, rest = value.get("@type"), {key: child for key, child in value.items() if key != "@type"}
    return (
        depth < 4
        and _matches("prov:[A-Za-z]+")(kind)
        and all(_matches("prov:[A-Za-z]+")(key) for key in rest)
        and all(_provenance(child, depth + 1) for child in rest.values())
    )


_SEMVER = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?"
_PLAIN_PATH = _matches(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_REFERENCE = _Shape({"@id": _PLAIN_PATH})
_TEXTS = _either(_text, _list_of(_text))
_AGENT = _Shape(
    {"@type": _one_of("Organization", "Person", "sc:Organization", "sc:Person"), "name": _text},
    {"url": _text, "email": _text},
)
_RAI_ONE = "dataCollection dataCollectionRawData dataImputationProtocol dataSocialImpact"
_RAI_MANY = "dataBiases dataCollectionType dataLimitations dataUseCases"

_FILE = _Shape(
    {
        "@type": _one_of("cr:FileObject"),
        "@id": _PLAIN_PATH,
        "contentUrl": _PLAIN_PATH,
        "encodingFormat": _one_of(JSON_LINES),
        "sha256": _matches("[0-9a-f]{64}"),
    },
    {"name": _text, "description": _text, "contentSize": _text},
)
_COLUMN = _Shape({"column": _one_of(*ITEM_KEYS)})
_NODE = {"@type": _one_of("cr:Field"), "@id": _PLAIN_PATH}
_LABELS = {"name": _text, "description": _text}
_LEAF = {**_NODE, "dataType": _one_of("sc:Text")}
_FIELD = _Shape(
    {**_LEAF, "source": _Shape({"fileObject": _REFERENCE, "extract": _COLUMN})}, _LABELS
)
_KEY = _Shape({"jsonPath": _matches(r"\$\.(?!where\b|parent\b)[A-Za-z][A-Za-z0-9_]*")})
_TAG = _Shape(
    {
        **_LEAF,
        "source": _Shape({"fileObject": _REFERENCE, "extract": _COLUMN, "transform": _KEY}),
    },
    _LABELS,
)
_TAGS = _Shape({**_NODE, "subField": _list_of(_TAG)}, _LABELS)
_ARRAYS = {
    CROISSANT_1_0: _Shape({**_FIELD.required, "repeated": _one_of(True)}, _LABELS),
    CROISSANT_1_1: _Shape(
        {**_FIELD.required, "isArray": _one_of(True), "arrayShape": _one_of("-1")}, _LABELS
    ),
}


def _record_set(version: str) -> _Shape:
    fields = _list_of(_either(_FIELD, _TAGS, _ARRAYS[version]))
    return _Shape(
        {"@type": _one_of("cr:RecordSet"), "@id": _PLAIN_PATH, "field": fields},
        {"key": _REFERENCE, **_LABELS},
    )


def _dataset(version: str) -> _Shape:
    claims = _list_of(_one_of(version, RAI_1_0))
    return _Shape(
        {
            "@context": lambda context: _is_context(context, version),
            "@type": _one_of("sc:Dataset"),
            "name": _text,
            "conformsTo": _either(_one_of(version), lambda v: claims(v) and version in v),
            "license": _text,
            "version": _matches(_SEMVER),
            "datePublished": _iso_date,
            "citeAs": _text,
            "distribution": _list_of(_FILE),
            "recordSet": _list_of(_record_set(version)),
        },
        {
            "description": _text,
            "url": _text,
            "creator": _either(_AGENT, _list_of(_AGENT)),
            "publisher": _either(_AGENT, _list_of(_AGENT)),
            "keywords": _TEXTS,
            "inLanguage": _TEXTS,
            "isLiveDataset": _one_of(False),
            "sdVersion": _matches(_SEMVER),
            "prov:wasGeneratedBy": _provenance,
            "rai:hasSyntheticData": _one_of(True, False),
            **{f"rai:{term}": _text for term in _RAI_ONE.split()},
            **{f"rai:{term}": _TEXTS for term in _RAI_MANY.split()},
        },
    )


def _is_context(context: Any, version: str) -> bool:
    if not isinstance(context, dict):
        return False
    extras = {key: value for key, value in context.items() if PREFIXES.get(key) == value}
    canonical = {key: value for key, value in context.items() if key not in extras}
    return canonical == CONTEXTS[version]


DATASETS = {version: _dataset(version) for version in CONTEXTS}


STRUCTURE = ("@context", "@type", "conformsTo", "isLiveDataset", "distribution", "recordSet")
"""Keys of a dataset that follow from its items and from the format."""


def misfits(about: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the properties of a dataset that keep it out of the subset, each with what is wrong.

    `about` are all but those of `STRUCTURE`.
    """
    for key, fault in DATASETS[CROISSANT_1_1].misfits(about):
        if key not in STRUCTURE:
            yield key, fault


def is_semver(version: str) -> bool:
    """Tell whether a version is MAJOR.MINOR.PATCH, with a pre-release or without."""
    return _matches(_SEMVER)(version)


def read_subset(metadata: dict[str, Any]) -> Subset | None:
    """Return what the metadata says where it lies within the subset, else None."""
    version = next((version for version, shape in DATASETS.items() if shape(metadata)), None)
    if version is None or len(metadata["distribution"]) != 1 or len(metadata["recordSet"]) != 1:
        return None
    file, records = metadata["distribution"][0], metadata["recordSet"][0]
    if not _is_consistent(file, records, _ARRAYS[version]):
        return None
    try:
        layout = arrange(_leaves(records), "")
    except PackError:
        return None
    if layout.tags or len(layout.tag_objects) > 1:
        return None
    return Subset(file["contentUrl"], file["sha256"], layout)


def fits(rows: Sequence[Row], layout: Layout) -> bool:
    """Tell whether mlcroissant takes these rows too: known columns, no number, none missing."""
    found: set[str] = set()
    for row in rows:
        found |= row.values.keys()
        if not all(map(_is_plain, row.values.values())):
            return False
    return found <= set(ITEM_KEYS) and (not rows or layout.sources <= found)


def _is_plain(value: Any) -> bool:
    children = value.values() if isinstance(value, dict) else value
    return (
        value is None
        or isinstance(value, str)
        or (isinstance(value, (list, dict)) and all(isinstance(child, str) for child in children))
    )


def _is_consistent(file: dict[str, Any], records: dict[str, Any], array: _Shape) -> bool:
    """Tell whether ids are unique, references lead to the file, and only lists are arrays."""
    top = records["field"]
    leaves = [leaf for node in top for leaf in node.get("subField", [node])]
    tagged = [node for node in top if "subField" in node]
    ids = [node["@id"] for node in [file, records, *leaves, *tagged]]
    keys = [node["@id"] for node in top if node["@id"].endswith("/id") and node not in tagged]
    return (
        len(ids) == len(set(ids))
        and all(leaf["source"]["fileObject"]["@id"] == file["@id"] for leaf in leaves)
        and ("key" not in records or records["key"]["@id"] in keys)
        and all(_column(leaf) == "tags" for node in tagged for leaf in node["subField"])
        and all(node["@id"].endswith("/tags") for node in tagged)
        and all(_type_fits(node, array) for node in top if node not in tagged)
    )


def _type_fits(node: dict[str, Any], array: _Shape) -> bool:
    return _column(node) != "tags" and array(node) == (_column(node) in ARRAY_KEYS)


def _column(leaf: dict[str, Any]) -> str:
    name: str = leaf["source"]["extract"]["column"]
    return name


def _leaves(records: dict[str, Any]) -> Iterator[Leaf]:
    for node in records["field"]:
        parent = node["@id"].rsplit("/", 1)[-1] if "subField" in node else ""
        for leaf in node.get("subField", [node]):
            key = leaf["source"].get("transform", {}).get("jsonPath", "$.")[2:] or None
            yield Leaf(leaf["@id"], leaf.get("name", ""), parent, Column(_column(leaf), key))
