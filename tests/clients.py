"""Real clients of other tools, each in a virtual environment of its own.

For the tests marked `clients`. They are installed into the folder that `TEST_CLIENTS` names, or
``.clients``, and stay there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLACE = Path(os.environ.get("TEST_CLIENTS") or ROOT / ".clients")
QUIET = {
    "OPENAI_API_KEY": "none",
    "DO_NOT_TRACK": "1",
    "DEEPEVAL_TELEMETRY_OPT_OUT": "YES",
    "HF_HUB_OFFLINE": "1",
    "LANGSMITH_API_KEY": "none",
    "LANGSMITH_TRACING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "OPIK_TRACK_DISABLE": "true",
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
    "RAGAS_DO_NOT_TRACK": "true",
}
"""Nothing is sent anywhere but to the server of the test."""


def installed(name: str, packages: Sequence[str]) -> Path:
    """Install a client where it is not yet; return the folder of its programs."""
    place = PLACE / name
    stamp = place / "installed.txt"
    wanted = " ".join(packages)
    is_node = name == "promptfoo"
    programs = place / ("node_modules/.bin" if is_node else "bin" if os.name != "nt" else "Scripts")
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return programs
    if is_node:
        npm = shutil.which("npm") or pytest.skip("npm is not installed")
        place.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(place)]
    else:
        venv.create(place, with_pip=True, clear=True)
        python = programs / Path(sys.executable).name
        install = [str(python), "-m", "pip", "install", "-q"]
        subprocess.run([*install, "--upgrade", "pip"], capture_output=True, check=True)
    done = subprocess.run([*install, *packages], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    stamp.write_text(wanted, "utf-8")
    return programs
