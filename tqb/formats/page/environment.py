"""What reads the templates of pages: all that they print is escaped, and made visible before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqb.formats.page.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(folder: Path) -> Environment:
    """Return what reads the templates of a folder."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        foreign = isinstance(value, str) and not isinstance(value, Markup)
        return visible(value) if foreign else value

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
