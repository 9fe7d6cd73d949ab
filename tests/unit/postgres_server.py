"""A real PostgreSQL server for tests, from the packages of the operating system."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.system import needed

PASSWORD = "s3cret/p@ss"
USER = "admin"


@dataclass(frozen=True)
class Server:
    port: int

    def url(self, user: str = USER) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/postgres"

    def connect(self, user: str = USER, **options: Any) -> psycopg.Connection:
        return psycopg.connect(self.url(user), password=PASSWORD, autocommit=True, **options)

    def rows(self, query: str, user: str = USER) -> list[tuple[Any, ...]]:
        with self.connect(user) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []


def binaries() -> Path | None:
    """The folder with the newest server."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return next((folder for folder in reversed(folders) if (folder / "postgres").exists()), None)


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server, and stop it after the block. Skips the test if none is installed."""
    folder = Path(needed(binaries(), "A PostgreSQL server", "postgresql"))
    place = Path(tempfile.mkdtemp(prefix="csw-postgres-"))
    # The server refuses to run as root.
    owner = (
        next((name for name in ("postgres", "nobody") if _exists(name)), None) if os.geteuid() == 0 else None
    )
    run: dict[str, Any] = {"cwd": place}
    if owner:
        entry = pwd.getpwnam(owner)
        run |= {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        os.chown(place, entry.pw_uid, entry.pw_gid)
    secret = place / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(free.getsockname()[1])
    options: list[str | Path] = [
        "-D",
        place / "data",
        "-U",
        USER,
        "-A",
        "scram-sha-256",
        "--pwfile",
        secret,
        "-E",
        "UTF8",
    ]
    subprocess.run(
        [folder / "initdb", *options, "--no-sync", "--locale=C"], **run, check=True, stdout=subprocess.DEVNULL
    )
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                folder / "postgres",
                "-D",
                place / "data",
                "-k",
                place,
                "-h",
                "127.0.0.1",
                "-p",
                str(server.port),
            ],
            **run,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(server, process, place / "log")
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
            shutil.rmtree(place, ignore_errors=True)


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            server.connect().close()
            return
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text(errors="replace")
            time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace"))
