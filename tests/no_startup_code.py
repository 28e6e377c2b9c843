"""``python no_startup_code.py VENV``: fail if a package installed a ``.pth`` file that runs code.

Releases of LiteLLM in March 2026 carried such a file, which stole credentials whenever Python
started. The ones that setuptools and coverage are known to bring are let through.
"""

from __future__ import annotations

import sys
from pathlib import Path

KNOWN = ("distutils-precedence.pth", "_virtualenv.pth", "a1_coverage.pth")


def suspicious(folder: Path) -> list[Path]:
    """Return the ``.pth`` files below `folder` with a line that Python executes."""
    found = [path for path in folder.rglob("*.pth") if path.name not in KNOWN]
    return sorted(path for path in found if _executes(path.read_text("utf-8", "replace")))


def _executes(text: str) -> bool:
    return any(line.startswith(("import ", "import\t")) for line in text.splitlines())


if __name__ == "__main__":
    bad = suspicious(Path(sys.argv[1]))
    print("\n".join(map(str, bad)) or "no .pth file runs code")
    sys.exit(1 if bad else 0)
