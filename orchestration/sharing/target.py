"""The PostgreSQL database that gets a release: its URL, the connection, and its errors in words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestration.core.errors import SharingError

if TYPE_CHECKING:
    import psycopg

_SCHEMES = ("postgresql", "postgres")
_CONNECT_SECONDS = 15

_NEXT_STEPS = {
    # SQLSTATE or its class: what to do
    "42501": "Grant the rights that docs/readers.md lists to the user of the URL, or push as the user who "
    "pushed before.",
    "2BP01": "Change or drop what depends on it, then push again.",
    "55P03": "Another session keeps a table locked that must change. Push again when it is done.",
    "53": "Free resources of the server, such as disk space or connections, then push again.",
    "57": "The server ended the connection. Push again when it runs.",
    "25006": "The server is a read-only copy. Push to the primary server.",
}


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """Open a connection, which commits each statement of its own, and close it after the block.

    Raises SharingError if the URL is wrong, the server does not answer, or it refuses something in the
    block. No message contains the password.
    """
    scheme, separator, _ = url.partition("://")
    if scheme not in _SCHEMES or not separator:
        given = f"its scheme is {scheme!r}" if separator else "it has no scheme"
        raise SharingError(
            f"The target must be a URL such as postgresql://user@host:5432/database, but {given}. "
            "csw pushes to PostgreSQL only."
        )
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        parameters = conninfo_to_dict(url)
    except psycopg.Error:
        parameters = {}
    # A / or @ in a password ends up in other parts of the URL, so no message quotes them.
    is_odd = not str(parameters.get("port", "1")).isdecimal() or "@" in str(parameters.get("dbname", ""))
    if is_odd or not parameters:
        raise SharingError(
            "The URL of the target cannot be read. Give postgresql://user@host:5432/database. Write special "
            "characters of a name or password as percent codes, such as %40 for @."
        )
    secrets = [str(text) for text in (parameters.get("password"), os.environ.get("PGPASSWORD")) if text]
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            application_name="csw push",
            client_encoding="UTF8",
            connect_timeout=int(parameters.get("connect_timeout") or _CONNECT_SECONDS),
        )
    except (psycopg.Error, ValueError) as error:
        raise SharingError(
            f"PostgreSQL did not accept the connection: {_hidden(str(error).strip(), secrets)}\nCheck host, "
            "port, user and database in the URL, and the password in PGPASSWORD or ~/.pgpass."
        ) from None
    with connection:
        try:
            yield connection
        except psycopg.Error as error:
            raise SharingError(_hidden(_in_words(error), secrets)) from None


def place(connection: psycopg.Connection) -> str:
    """Return host, port and name of the database, without user and password."""
    info = connection.info
    return f"{info.host}:{info.port}/{info.dbname}"


def _in_words(error: psycopg.Error) -> str:
    state = error.sqlstate or ""
    said = [error.diag.message_primary or str(error).strip(), error.diag.message_detail]
    step = _NEXT_STEPS.get(state) or _NEXT_STEPS.get(state[:2])
    if not state:
        step = "The connection was lost. Push again when the server answers."
    parts = [part.rstrip(".") + "." for part in (*said, step) if part]
    return f"PostgreSQL refused the push: {' '.join(parts)} Nothing was changed."


def _hidden(message: str, secrets: list[str]) -> str:
    for secret in secrets:
        message = message.replace(secret, "***")
    return message
