"""Hugging Face: a data set that `load_dataset` reads from the folder, or from the Hub."""

from __future__ import annotations

from typing import Any

from tqb.exports.interface import ANSWER, Exporter, Files, to_yaml
from tqb.exports.table import FIELD, rows, to_text
from tqb.packs.card import codes
from tqb.packs.items import UNDETERMINED
from tqb.types import Pack

EVALUATE = '''\
"""Ask the pipeline of answer.py each question of the data set; a target alone is right."""

from pathlib import Path

from datasets import load_dataset

from answer import answer

data = load_dataset(str(Path(__file__).resolve().parent), split="test")
data = data.map(lambda row: {"right": answer(row["question"]) in row["answers"]})
print(f"accuracy {sum(data['right']) / len(data):g}")
'''


def write(pack: Pack) -> Files:
    """Write the rows, the front matter that tells where they are and their types, and a script."""
    table = rows(pack)
    files = [{"split": "test", "path": "test.json"}]
    languages = codes({item.lang for item in pack.items} - {UNDETERMINED})
    front = {
        **({"language": list(languages)} if languages else {}),
        "configs": [{"config_name": "default", "data_files": files, "field": FIELD}],
        "dataset_info": {"features": [_feature(*column) for column in table[0].items()]},
    }
    return {
        "README.md": f"---\n{to_yaml(front)}---\n\n",
        "test.json": to_text(table),
        "evaluate.py": EVALUATE,
        "answer.py": ANSWER,
    }


def _feature(name: str, value: Any) -> dict[str, Any]:
    """Return the type of a column, which is not told by one that is empty."""
    if isinstance(value, list):
        return {"name": name, "list": "string"}
    if isinstance(value, dict):
        return {"name": name, "struct": [{"name": key, "dtype": "string"} for key in value]}
    return {"name": name, "dtype": "string"}


EXPORTER = Exporter(
    name="hf-datasets",
    title="Hugging Face Datasets",
    install="pip install datasets",
    command="python evaluate.py",
    loses="Every field is a column; the script takes an answer for right where it is a target, "
    "letter by letter.",
    write=write,
)
