"""A page in headless Chromium, spoken to by the DevTools protocol over two pipes: no driver, no port, no network."""

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
ABSENT = "no chromium here; apt-get install chromium"
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe", "about:blank"),
)
PATIENCE = 120.0
LAID_OUT = 15.0


class Page:
    """One page, with all that it asked for and complained of."""

    def __init__(self, into: int, out: int) -> None:
        self._into, self._out, self._rest = into, out, b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._into, json.dumps(message).encode() + b"\0")
        while True:
            found = self._read()
            if found.get("id") == number:
                assert "error" not in found, (method, found)
                answer: dict[str, Any] = found["result"]
                return answer
            self.events.append(found)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._out, 1 << 16)
            assert part, "chromium ended"
            self._rest += part
        text, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        return message

    def open(self, path: Path, fragment: str = "", width: int = 1200, scripts: bool = True) -> None:
        """Load a file and wait until it is there; earlier events are forgotten."""
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self._load("about:blank")
        self.events.clear()
        self._load(path.resolve().as_uri() + fragment)

    def _load(self, address: str) -> None:
        loader = self.call("Page.navigate", url=address)["loaderId"]
        ends = time.monotonic() + PATIENCE
        while not any(_is_load(event, loader) for event in self.events):
            assert time.monotonic() < ends, f"{address} did not load"
            self.events.append(self._read())

    def value(self, expression: str) -> Any:
        """What a script on the page gives back."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def move_to(self, selector: str, until: str) -> None:
        """Move the mouse to the middle of the first such element, again until an expression is true: a page that is
        still being laid out may not notice."""
        ends = time.monotonic() + LAID_OUT
        self._move(selector)
        while not self.value(until):
            assert time.monotonic() < ends, f"{until} is not true with the mouse on {selector}"
            time.sleep(0.05)
            self._move(selector)

    def _move(self, selector: str) -> None:
        box = f"document.querySelector({selector!r}).getBoundingClientRect()"
        self.value(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
        x, y = self.value(f"(() => {{ const b = {box}; return [b.x + b.width / 2, b.y + b.height / 2]; }})()")
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def press(self, key: str) -> None:
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def asked(self) -> list[str]:
        """Addresses of everything that the page asked for."""
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def complaints(self) -> list[str]:
        """Errors and warnings of the page's console, and exceptions that nobody caught."""
        found = []
        for event in self.events:
            said = event.get("params", {})
            logged = said.get("entry", {}) if event.get("method") == "Log.entryAdded" else {}
            called = event.get("method") == "Runtime.consoleAPICalled"
            thrown = event.get("method") == "Runtime.exceptionThrown"
            if called or thrown or logged.get("level") in ("error", "warning"):
                found.append(json.dumps(said))
        return found


def _is_load(event: dict[str, Any], loader: str) -> bool:
    said = event.get("params", {})
    return event.get("method") == "Page.lifecycleEvent" and (said["name"], said["loaderId"]) == ("load", loader)


def _higher(file: int) -> int:
    higher = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(file)
    return higher


@contextmanager
def chromium(folder: Path) -> Iterator[Page]:
    """A browser with a profile of its own in `folder`; ended at the end."""
    # The browser reads from its file 3 and writes to its file 4; ends with higher numbers are not in the way of these.
    (read_by, into), (out, written_by) = (map(_higher, os.pipe()) for _ in range(2))
    command = f'exec "$0" "$@" 3<&{read_by} 4>&{written_by}'
    process = subprocess.Popen(
        ["bash", "-c", command, PROGRAM, f"--user-data-dir={folder}", *FLAGS],
        pass_fds=(read_by, written_by),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(read_by)
    os.close(written_by)
    try:
        yield Page(into, out)
    finally:
        os.close(into)
        os.close(out)
        process.kill()
        process.wait()
