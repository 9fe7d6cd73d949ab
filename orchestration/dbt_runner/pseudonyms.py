"""The key under which persons become pseudonyms: where it is kept, and how the database gets it.

HMAC-SHA256 is sha256(outer block || sha256(inner block || text)), where both blocks are made from the key.
The blocks are handed to DuckDB as variables of the session: what dbt compiles, logs and stores only holds
the names of the variables.
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
"""Characters of a key; 32 random ones cannot be guessed."""

TEST_KEY = b"the key of the unit tests, known to all"
"""Always there under another name, so that unit tests can expect one pseudonym everywhere."""

EMAIL_PATTERN = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+[.][A-Za-z0-9.-]*[A-Za-z]"
"""What an e-mail address looks like (RE2): a local part, an at sign, a domain with a dot. No text of a
mart may
match it. Without braces, because queries of the audit are templates."""

_BLOCK = 64
"""Bytes that SHA-256 works on at a time."""

_FOLDERS_UP = 3


def load_hash_key(home: Path, environment: Mapping[str, str] = os.environ) -> bytes:
    """The key of a warehouse: CSW_HASH_KEY, else the one in its home, which is made where there is none.

    Raises SettingsError for a key that is too short to protect anybody.
    """
    key = find_hash_key(home, environment)
    if key is not None:
        return key
    path = home / KEY_FILE
    home.mkdir(parents=True, exist_ok=True)
    # Only ever seen whole and private; where another process was quicker, its key counts.
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
    """The key of a warehouse that has one; raises like `load_hash_key`."""
    given = environment.get(KEY_VARIABLE)
    if given:
        return _checked(given, KEY_VARIABLE)
    path = home / KEY_FILE
    try:
        return _checked(path.read_text(encoding="utf-8").strip(), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"The key {path} cannot be read ({error.strerror}); mend its rights.") from None


def find_key_of_database(database: Path, environment: Mapping[str, str] = os.environ) -> bytes | None:
    """The key for a database file somewhere in a home, else of the home in CSW_HOME."""
    homes = list(database.absolute().parents)[:_FOLDERS_UP]
    if environment.get("CSW_HOME"):
        homes.append(Path(environment["CSW_HOME"]).expanduser())
    for home in homes:
        key = find_hash_key(home, environment)
        if key is not None:
            return key
    return None


def key_id(key: bytes | None) -> str | None:
    """Tells two keys apart without telling anything of them: 12 hexadecimal digits."""
    return None if key is None else pseudonym("csw: which key is it?", key)[:12]


def pseudonym(text: str, key: bytes) -> str:
    """What the macro `hash_person` makes of a text: HMAC-SHA256 of it, lower case and trimmed."""
    return hmac.new(key, text.strip(" ").lower().encode(), hashlib.sha256).hexdigest()


def pseudonym_sql(text: str) -> str:
    """SQL of the same, in a session that has the key; it raises where the session has none."""
    outer, inner = (
        f"coalesce(cast(getvariable('csw_hash_{name}') as blob), cast(error('There is no key for the "
        "pseudonyms. Run csw prepare, or set CSW_HASH_KEY.') as blob))"
        for name in ("outer", "inner")
    )
    return f"sha256({outer} || unhex(sha256({inner} || encode(lower(trim({text}))))))"


def hand_over_key(connection: Any, key: bytes | None) -> None:
    """Set the variables that the macro reads, for this session of DuckDB only."""
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
            f"{where} holds a key of {len(text)} characters; {SHORTEST} random ones are needed, such as "
            'those of `python -c "import secrets; print(secrets.token_hex(32))"`.'
        )
    return text.encode()
