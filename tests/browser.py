"""A real Chromium without a window, asked by the DevTools protocol over a pair of pipes."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PATIENCE_S = 20
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


def find_chromium() -> str | None:
    """Return the first Chromium on the path; pipes are handed over as POSIX has it."""
    if os.name != "posix":
        return None
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One process; each page is opened in a tab of its own, and what it complains of is kept."""

    def __init__(self, program: str, folder: Path) -> None:
        """Start it, with a profile in a folder."""
        theirs, self._to = os.pipe()
        self._from, ours = os.pipe()
        command = [program, *FLAGS, f"--user-data-dir={folder}", "about:blank"]
        # The protocol wants the pipes to be 3 and 4.
        shell = f'exec "$@" 3<&{theirs} 4>&{ours}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "browser", *command],
            pass_fds=(theirs, ours),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(ours)
        self._read = b""
        self._last = 0
        self._session: str | None = None
        self.complaints: list[str] = []
        """Errors and warnings of the console, and exceptions, of the page that is open."""
        self._loaded = False
        self.requested: list[str] = []
        """Addresses that the page asked for."""

    def close(self) -> None:
        """End it."""
        self._session = None
        try:
            self.send("Browser.close")
        except (EOFError, BrokenPipeError):
            pass
        finally:
            self._process.wait(20)
            os.close(self._to)
            os.close(self._from)

    def open(
        self,
        address: str,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        script: bool = True,
    ) -> None:
        """Open an address in a new tab, and wait until it has loaded."""
        if self._session:
            self.send("Page.close")
        self._session = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self.complaints, self.requested = [], []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send("Emulation.setScriptExecutionDisabled", value=not script)
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self._loaded = False
        self.send("Page.navigate", url=address)
        while not self._loaded:
            self._take(self._receive())

    def run(self, code: str) -> Any:
        """Evaluate JavaScript in the page, and return its value; a promise is waited for."""
        told = self.send("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise AssertionError(told["exceptionDetails"])
        return told["result"].get("value")

    def until(self, code: str) -> None:
        """Wait until JavaScript is true in the page, or fail after `PATIENCE_S` seconds."""
        ends = f"performance.now() + {PATIENCE_S * 1000}"
        held = self.run(
            f"new Promise((done) => {{ const end = {ends}; const look = () => {{"
            f" const held = Boolean({code});"
            " if (held || performance.now() > end) done(held); else setTimeout(look, 20); };"
            " look(); })"
        )
        assert held, code

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        text = {"Enter": "\r"}.get(key, "")
        codes = {"Enter": 13, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38}
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                text=text if kind == "keyDown" else "",
                windowsVirtualKeyCode=codes[key],
            )

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Save the page as PNG."""
        told = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(told["data"]))

    def send(self, method: str, **params: Any) -> Any:
        """Send a command and return what it brings."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            told = self._receive()
            if told.get("id") == self._last:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']}")
                return told["result"]
            self._take(told)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            if not select.select([self._from], [], [], 3 * PATIENCE_S)[0]:
                raise TimeoutError("the browser says nothing")
            data = os.read(self._from, 1 << 20)
            if not data:
                raise EOFError("the browser has ended")
            self._read += data
        message, _, self._read = self._read.partition(b"\0")
        told: dict[str, Any] = json.loads(message)
        return told

    def _take(self, told: Mapping[str, Any]) -> None:
        """Keep what matters of an event of the page that is open."""
        if told.get("sessionId") != self._session:
            return
        method, params = told.get("method"), told.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requested.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.complaints.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(params["entry"]["text"])
