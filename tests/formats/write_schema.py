"""Write the JSON Schemas of the reports anew: ``python -m tests.formats.write_schema``."""

from __future__ import annotations

import json
from pathlib import Path

from tqb import formats
from tqb.formats.json import json_schema
from tqb.types import Matrix, Report

FOLDER = Path(formats.__file__).parent
SCHEMA = FOLDER / "report.schema.json"
RECORDS = {SCHEMA: Report, FOLDER / "matrix.schema.json": Matrix}


def schema_text(path: Path = SCHEMA) -> str:
    """Return what a shipped schema file must hold."""
    return json.dumps(json_schema(RECORDS[path]), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for schema in RECORDS:
        schema.write_text(schema_text(schema), encoding="utf-8")
