"""A Superset of its own: its process, its metadata in a folder, and a browser that is logged in."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, FilePayload, sync_playwright

from orchestration.core.settings import PROJECT_DIR

BIN = PROJECT_DIR / "target" / "superset" / "bin"
SECONDS_TO_START = 180
MILLISECONDS_TO_ANSWER = 120_000

_CHROMIUM = "/usr/bin/chromium"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass(frozen=True)
class Superset:
    """A running Superset, seen by a browser of its administrator."""

    address: str
    context: BrowserContext

    def get(self, path: str) -> Any:
        """The JSON answer of the API to a GET."""
        answer = self.context.request.get(self.address + path, timeout=MILLISECONDS_TO_ANSWER)
        assert answer.ok, f"{path}: {answer.status} {answer.text()[:2000]}"
        return answer.json()

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        """Status and JSON answer of the API to a POST."""
        answer = self.context.request.post(
            self.address + path, headers=self._headers(), data=dict(body), timeout=MILLISECONDS_TO_ANSWER
        )
        return answer.status, answer.json()

    def upload(self, path: str, field: str, file: Path) -> tuple[int, Any]:
        """Status and JSON answer of the API to a form with a zip file."""
        content: FilePayload = {"name": file.name, "mimeType": "application/zip", "buffer": file.read_bytes()}
        answer = self.context.request.post(
            self.address + path,
            headers=self._headers(),
            multipart={field: content},
            timeout=MILLISECONDS_TO_ANSWER,
        )
        return answer.status, answer.json()

    def put(self, path: str, body: Mapping[str, Any]) -> None:
        """Change an object by the API."""
        answer = self.context.request.put(self.address + path, headers=self._headers(), data=dict(body))
        assert answer.ok, f"{path}: {answer.status} {answer.text()[:2000]}"

    def _headers(self) -> dict[str, str]:
        """Superset wants a token with every change."""
        return {"X-CSRFToken": self.get("/api/v1/security/csrf_token/")["result"], "Referer": self.address}


@contextmanager
def running_superset(folder: Path) -> Iterator[Superset]:
    """Start Superset with its metadata in `folder`; stop it at the end."""
    secret, password = secrets.token_urlsafe(42), secrets.token_urlsafe(12)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SUPERSET_")} | {
        "FLASK_APP": "superset",
        "SUPERSET_HOME": str(folder),
        "SUPERSET_SECRET_KEY": secret,
        "SCARF_ANALYTICS": "false",
    }
    admin = ["--username", "admin", "--firstname", "A", "--lastname", "D", "--email", "admin@example.com"]
    for command in (["db", "upgrade"], ["fab", "create-admin", *admin, "--password", password], ["init"]):
        done = subprocess.run(
            [BIN / "superset", *command],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
    port = _free_port()
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [BIN / "superset", "run", "--port", str(port), "--with-threads"],
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(port, process, log)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
            address = f"http://127.0.0.1:{port}"
            yield Superset(address, _logged_in(browser, address, password))
            browser.close()
    finally:
        # Its threads can outlive a polite request, and nothing of it is kept.
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-4000:]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise AssertionError(f"Superset did not start in {SECONDS_TO_START} s:\n{log.read_text()[-4000:]}")


def _logged_in(browser: Browser, address: str, password: str) -> BrowserContext:
    context = browser.new_context()
    context.set_default_timeout(MILLISECONDS_TO_ANSWER)
    # The form of the log-in page needs a token too.
    token = context.request.post(
        f"{address}/api/v1/security/login",
        data={"username": "admin", "password": password, "provider": "db", "refresh": False},
    ).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    csrf = context.request.get(f"{address}/api/v1/security/csrf_token/", headers=bearer).json()["result"]
    page = context.request.post(
        f"{address}/login/",
        form={"username": "admin", "password": password, "csrf_token": csrf},
        headers={"Referer": address},
    )
    assert page.ok, page.text()[:2000]
    return context
