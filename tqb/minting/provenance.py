"""What a minted pack says of itself: who wrote it, with what, and what is missing.

The activity is told in the terms of PROV-O (W3C Recommendation, 30 April 2013).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from tqb.minting.records import PROVIDER_TERMS, GenerateOptions
from tqb.packs.card import codes, yaml_code
from tqb.text import count, one_line
from tqb.types import Item
from tqb.version import __version__

VERSION = "0.1.0"
"""Of a pack that was just minted."""
INCOMPLETE = "INCOMPLETE"
"""The word by which a pack with too few items is known."""
TERMS = "No license was chosen for this pack: the terms of the model's provider apply."
_LIMITS = (
    "Written by a model and checked by a program; what was not verified may be wrong, and what was "
    "may be what two models wrongly agree on."
)


@dataclass(frozen=True, slots=True)
class Origin:
    """How a pack came to be."""

    options: GenerateOptions
    writer: str
    """Name of the target that wrote it, free of secrets."""
    models: tuple[str, ...]
    """As the provider says, where it does."""
    verifier: str | None
    recipe: str
    """Name and version."""
    recipe_sha256: str
    started_at: str
    """ISO 8601, UTC; as the next."""
    ended_at: str
    lang: str
    wanted: int
    """Items asked for."""
    rejected: int
    """Items that the verifier refused."""


def about(name: str, origin: Origin, made: int, missing: int) -> dict[str, Any]:
    """Return the metadata's own properties of a pack of `made` items, as `write_pack` takes them.

    Args:
        name: of the pack.
        origin: how it came to be.
        made: items in it.
        missing: items of those asked for that are in no pack.
    """
    options = origin.options
    limits = [_LIMITS, *([TERMS] if options.license == PROVIDER_TERMS else [])]
    if missing:
        limits.append(missing_said(missing, origin.wanted))
    kind = {"grounded": " made from documents", "parallel": f" parallel to {options.parallel_to}"}
    key = "grounded" if options.sources else "parallel" if options.parallel_to else ""
    said = f"{count(made, 'question')}{kind.get(key, '')} in {origin.lang}, by {origin.writer}."
    return {
        "name": name,
        "version": VERSION,
        "description": marked(said, missing, origin.wanted),
        "license": options.license,
        "date_published": min(origin.ended_at[:10], date.today().isoformat()),  # wherever one is
        "cite_as": f"{name} {VERSION}, written by {origin.writer} ({origin.ended_at[:4]}).",
        "creator": f"{origin.writer}, by tqb generate",
        "url": "https://example.org/",
        "keywords": ["question answering", "smoke test", "synthetic"],
        "extra": {
            "prov:wasGeneratedBy": _activity(origin),
            "rai:hasSyntheticData": True,
            "rai:dataCollection": f"Written by {origin.writer} with tqb generate {__version__}, "
            f"recipe {origin.recipe}, and checked by a program.",
            "rai:dataLimitations": limits,
        },
    }


def marked(description: str, missing: int, wanted: int) -> str:
    """Return a description with the mark of a pack that is incomplete, or without it."""
    plain = description.partition(f" {INCOMPLETE}:")[0]
    return f"{plain} {missing_said(missing, wanted)}" if missing else plain


def missing_said(missing: int, wanted: int) -> str:
    """Say what is missing."""
    return f"{INCOMPLETE}: {wanted - missing} of {wanted} items that were asked for."


def _activity(origin: Origin) -> dict[str, Any]:
    options, params = origin.options, origin.options.params
    settings = {
        "temperature": params.temperature,
        "seed": params.seed,
        "max_tokens": params.max_tokens,
        "num": origin.wanted,
        "language": origin.lang,
        "categories": list(options.categories),
        "difficulty": options.difficulty,
        "context": options.context,
        "sources": [path.name for path in options.sources],
        "parallel_to": options.parallel_to,
        "avoid": list(options.avoid),
        "models": list(origin.models),
    }
    given = {key: value for key, value in settings.items() if value not in (None, "", [])}
    plan = {
        "@type": "prov:Plan",
        "prov:label": f"recipe {origin.recipe}",
        "prov:value": f"sha256:{origin.recipe_sha256}",
    }
    activity = {
        "@type": "prov:Activity",
        "prov:label": "tqb generate",
        "prov:startedAtTime": origin.started_at,
        "prov:endedAtTime": origin.ended_at,
        "prov:value": json.dumps(given),
        "prov:wasAssociatedWith": _agent(f"tqb {__version__}"),
        "prov:qualifiedAssociation": {
            "@type": "prov:Association",
            "prov:agent": _agent(origin.writer),
            "prov:hadPlan": plan,
        },
    }
    if origin.verifier:
        record = {"votes": options.votes, "rejected": origin.rejected}
        activity["prov:wasInformedBy"] = {
            "@type": "prov:Activity",
            "prov:label": "verification: each question answered blind, a majority accepted",
            "prov:value": json.dumps(record),
            "prov:wasAssociatedWith": _agent(origin.verifier),
        }
    return activity


def _agent(name: str) -> dict[str, str]:
    return {"@type": "prov:SoftwareAgent", "prov:label": name}


_CARD = """\
---
pretty_name: {pretty_name}
license: {license}
language:
{languages}task_categories:
  - question-answering
size_categories:
  - n<1K
tags:
  - synthetic
configs:
  - config_name: default
    data_files:
      - split: test
        path: items.jsonl
---

# {name}

{description}

- `text` the question · `label` the answer · `aliases` other answers that are as right
- `context` {context}
- `answer_type` how the default scorer reads an answer
- `tags` category and difficulty · `lang` BCP 47
- `sha256` over text, label, context, tags, id and lang: UTF-8 JSON with sorted keys

Minted on {day} by `tqb generate` {version} with the recipe {recipe}. {verified}
{terms}
{limits}
"""


def card(name: str, origin: Origin, items: list[Item], description: str) -> str:
    """Return the text of README.md."""
    options = origin.options
    if origin.verifier:
        times = count(options.votes, "time")
        verified = (
            f"Each question was answered blind by {origin.verifier}, up to {times}; an item is "
        )
        verified += "here where the default scorer accepted a majority of the answers."
    else:
        verified = "No model answered the questions to verify the labels."
    sourced = "the passage that the question was made from" if options.sources else ""
    return _CARD.format(
        pretty_name=json.dumps(name, ensure_ascii=False),
        license=json.dumps(options.license),
        languages="".join(f"  - {yaml_code(code)}\n" for code in codes([i.lang for i in items])),
        name=name,
        description=one_line(description, 1000),
        context=sourced or "one sentence that holds the label word for word",
        day=origin.ended_at[:10],
        version=__version__,
        recipe=origin.recipe,
        verified=verified,
        terms=TERMS if options.license == PROVIDER_TERMS else f"License: {options.license}.",
        limits=_LIMITS,
    )
