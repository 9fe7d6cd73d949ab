"""The key for pseudonyms of persons: its storage, and how DuckDB receives it.

HMAC-SHA256 is sha256(outer block || sha256(inner block || text)). Both blocks come from the key. DuckDB
receives the blocks as session variables, so dbt's compiled SQL, logs and tables contain only the names of
the variables.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestration.core.errors import SettingsError

KEY_VARIABLE = "CSW_HASH_KEY"
KEY_FILE = ".hash_key"
SHORTEST = 32
"""Minimum length of a key. An attacker cannot guess 32 random characters."""

TEST_KEY = b"the key of the unit tests, known to all"
"""A second key under another name, so that unit tests can expect the same pseudonym everywhere."""

EMAIL_PATTERN = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+[.][A-Za-z0-9.-]*[A-Za-z]"
"""Pattern of an e-mail address (RE2): a local part, an at sign, a domain with a dot. No text of a mart may
match it. It has no braces, because the audit's queries are templates."""

MASK = "[e-mail address]"
"""Replaces an address in a published text."""

_BLOCK = 64
"""Block size of SHA-256 in bytes."""

_FOLDERS_UP = 3


def load_hash_key(home: Path, environment: Mapping[str, str] = os.environ) -> bytes:
    """Return the key of a warehouse: CSW_HASH_KEY, or the key file in its home. Create a missing file.

    Raises SettingsError for a key that is too short.
    """
    key = find_hash_key(home, environment)
    if key is not None:
        return key
    path = home / KEY_FILE
    home.mkdir(parents=True, exist_ok=True)
    # Link the finished private file into place. If another process was faster, use its key.
    temporary = path.with_name(f"{KEY_FILE}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(32) + "\n")
        stream.flush()
        os.fsync(descriptor)
    with suppress(FileExistsError):
        os.link(temporary, path)
    temporary.unlink()
    return _checked(path.read_text(encoding="utf-8").strip(), str(path))


def find_hash_key(home: Path, environment: Mapping[str, str] = os.environ) -> bytes | None:
    """Return the key of a warehouse, or None without a key. Raises like `load_hash_key`."""
    given = environment.get(KEY_VARIABLE)
    if given:
        return _checked(given, KEY_VARIABLE)
    path = home / KEY_FILE
    try:
        return _checked(path.read_text(encoding="utf-8").strip(), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(
            f"The key {path} is not readable ({error.strerror}). Fix its permissions."
        ) from None


def find_key_of_database(database: Path, environment: Mapping[str, str] = os.environ) -> bytes | None:
    """Return the key of the home that contains a database file, or of the home in CSW_HOME."""
    homes = list(database.absolute().parents)[:_FOLDERS_UP]
    if environment.get("CSW_HOME"):
        homes.append(Path(environment["CSW_HOME"]).expanduser())
    for home in homes:
        key = find_hash_key(home, environment)
        if key is not None:
            return key
    return None


def key_id(key: bytes | None) -> str | None:
    """Return 12 hexadecimal digits that identify a key without revealing it."""
    return None if key is None else pseudonym("csw: which key is it?", key)[:12]


def pseudonym(text: str, key: bytes) -> str:
    """Return the pseudonym of a text as the macro `hash_person` does: HMAC-SHA256, trimmed, lower case."""
    return hmac.new(key, text.strip(" ").lower().encode(), hashlib.sha256).hexdigest()


def pseudonym_sql(text: str) -> str:
    """Return the SQL of `pseudonym`. The SQL fails in a session without the key."""
    outer, inner = (
        f"coalesce(cast(getvariable('csw_hash_{name}') as blob), cast(error('There is no key for the "
        "pseudonyms. Run csw prepare, or set CSW_HASH_KEY.') as blob))"
        for name in ("outer", "inner")
    )
    return f"sha256({outer} || unhex(sha256({inner} || encode(lower(trim({text}))))))"


def published_sql(column: str, replacement: str) -> str:
    """Return SQL that gives `replacement` for a text with an e-mail address, and any other text unchanged."""
    pattern = EMAIL_PATTERN.replace("'", "''")
    return (
        f"case when contains({column}, '@') and regexp_matches({column}, '{pattern}') "
        f"then {replacement} else {column} end"
    )


def masked_sql(column: str) -> str:
    """Return SQL that gives a text with MASK in the place of e-mail addresses."""
    pattern = EMAIL_PATTERN.replace("'", "''")
    return published_sql(column, f"regexp_replace({column}, '{pattern}', '{MASK}', 'g')")


def hand_over_key(connection: Any, key: bytes | None) -> None:
    """Set the variables that the macro reads, only for this DuckDB session."""
    for name, value in (("csw_hash", key), ("csw_test_hash", TEST_KEY)):
        if value is not None:
            inner, outer = _blocks(value)
            connection.execute(f"set variable {name}_inner = ?", [inner])
            connection.execute(f"set variable {name}_outer = ?", [outer])


def _blocks(key: bytes) -> tuple[bytes, bytes]:
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    padded = key.ljust(_BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in padded), bytes(byte ^ 0x5C for byte in padded)


def _checked(text: str, where: str) -> bytes:
    if len(text) < SHORTEST:
        raise SettingsError(
            f"{where} contains a key of {len(text)} characters. A key needs at least {SHORTEST} random "
            'characters. Generate one with `python -c "import secrets; print(secrets.token_hex(32))"`.'
        )
    return text.encode()
