"""The pictures of the documentation show what the terminal shows."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from types import ModuleType

import pytest

from tests.conftest import docs_script
from tests.test_hooks import ROOT

PICTURES = ROOT / "docs" / "screens"
NAMES = sorted(path.stem for path in PICTURES.glob("*.svg"))


@pytest.fixture(scope="module")
def screens() -> ModuleType:
    """The script that draws them."""
    if sys.platform == "win32":
        pytest.skip("there is no pty")
    return docs_script("screens")


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_what_the_command_prints_now(name: str, screens: ModuleType) -> None:
    """Drawn anew in a fresh folder, the picture is the same, byte for byte, and asks no network."""
    drawn = screens.draw(screens.SCREENS[name])
    assert drawn == (PICTURES / f"{name}.svg").read_text("utf-8")
    assert ET.fromstring(drawn).tag.endswith("svg")
    assert "url(http" not in drawn


def test_each_screen_has_its_picture(screens: ModuleType) -> None:
    """No picture is missing, and none is left over."""
    assert sorted(screens.SCREENS) == NAMES
