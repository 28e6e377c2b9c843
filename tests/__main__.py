"""The one test command: ``python -m tests [PYTEST ARGUMENTS]``.

Lint, format, types, import layers, tests: in this order, all of them, and it fails if any fails.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHON = [sys.executable, "-m"]


def steps(pytest_arguments: list[str]) -> dict[str, list[str]]:
    """Return the commands by name."""
    lint_imports = shutil.which("lint-imports", path=sysconfig.get_path("scripts"))
    return {
        "lint": [*PYTHON, "ruff", "check", "."],
        "format": [*PYTHON, "ruff", "format", "--check", "."],
        "types": [*PYTHON, "mypy"],
        "layers": [lint_imports or "lint-imports"],
        "tests": [*PYTHON, "pytest", "-n", "2", "--dist", "loadgroup", *pytest_arguments],
    }


def main() -> int:
    """Run all steps; return 1 if any of them failed."""
    failed = []
    for name, command in steps(sys.argv[1:]).items():
        print(f"== {name}", flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all steps passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
