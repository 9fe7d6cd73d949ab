"""`mapping.yml`: the format of files that do not follow the contract.

    columns: {Customer: account_id, "Plan name": plan_id}    your column: column of the contract
    fixed: {currency: EUR, interval: month}                  values of columns that the file lacks
    words: {interval: {Monthly: month, Annual: year}}        your word: word of the contract
    dates: DD/MM/YYYY                                        or one format for each column
    decimal: ","                                             decimal separator
    thousands: "."                                           thousands separator
    ends: inclusive                                          inclusive: ends are last days; or exclusive
    timezone: Europe/Berlin                                  time zone of times without an offset

A contract declares the same facts for a vendor's objects (`also`, `prefixes`, `source_timezone`). `bind` and
`cast_rows` apply both in the same way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from orchestration.core.spelling import nearest
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.reading.date_format import DateFormat, date_format
from orchestration.landing.reading.refusal import FileRefusedError

MAPPING_ENDINGS = ("mapping.yml", "mapping.yaml")
ENDS = ("inclusive", "exclusive")
THOUSANDS = ("", ",", ".", " ", "'")

_KEYS = ("columns", "fixed", "words", "dates", "decimal", "thousands", "ends", "timezone")


@dataclass(frozen=True)
class FileMapping:
    """The content of a `mapping.yml`, checked against the contract. An empty mapping has no effect."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Delivered column name -> column of the contract."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    dates: Mapping[str, DateFormat] = field(default_factory=dict)
    """Format by column; `*` for every date column."""
    decimal: str | None = None
    thousands: str | None = None
    ends: str | None = None
    timezone: str | None = None
    digest: str = ""
    """Digest of the mapping file; empty without a file."""

    def date_format(self, column: str) -> DateFormat | None:
        return self.dates.get(column, self.dates.get("*"))


NO_MAPPING = FileMapping()


def find_mapping(path: Path) -> Path | None:
    """Return a file's mapping: `<name without ending>.mapping.yml`, or `mapping.yml` in the same folder."""
    stem = path.name.split(".")[0]
    for name in (*(f"{stem}.{ending}" for ending in MAPPING_ENDINGS), *MAPPING_ENDINGS):
        found = path.with_name(name)
        if found.is_file():
            return found
    return None


def is_mapping(name: str) -> bool:
    return name.lower() in MAPPING_ENDINGS or name.lower().endswith(
        tuple(f".{ending}" for ending in MAPPING_ENDINGS)
    )


class _TextLoader(yaml.SafeLoader):
    """Keeps every value except null as text, so that the country NO is not false and 007 is not 7."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in found if tag == "tag:yaml.org,2002:null"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def mapping_digest(path: Path | None) -> str:
    """Return the digest of a mapping file; empty without a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path else ""


def read_mapping(path: Path | None, contract: LandingObject) -> FileMapping:
    """Read and check a mapping.

    Raises FileRefusedError for every file of an invalid mapping.
    """
    if path is None:
        return NO_MAPPING
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_TextLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        first = " ".join(str(error).split())
        raise _wrong(path, f"is not YAML ({first[:160]})") from None
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise _wrong(path, "must contain keys such as columns, fixed and dates")
    for key in content:
        if key not in _KEYS:
            hint = _hint(str(key), _KEYS, f"; the keys are {', '.join(_KEYS)}")
            raise _wrong(path, f"has the unknown key {str(key)!r}{hint}")
    columns = {
        str(mine): _column(path, contract, "columns", name) for mine, name in _pairs(path, content, "columns")
    }
    twice = sorted({name for name in columns.values() if list(columns.values()).count(name) > 1})
    if twice:
        raise _wrong(path, f"maps two columns of the file to {', '.join(twice)}")
    return FileMapping(
        columns=columns,
        fixed={
            _column(path, contract, "fixed", name): str(value)
            for name, value in _pairs(path, content, "fixed")
            if value is not None
        },
        words=_words(path, contract, content),
        dates=_dates(path, contract, content.get("dates")),
        decimal=_choice(path, content, "decimal", (".", ",")),
        thousands=_choice(path, content, "thousands", THOUSANDS),
        ends=_choice(path, content, "ends", ENDS),
        timezone=_timezone(path, content.get("timezone")),
        digest=mapping_digest(path),
    )


def _words(path: Path, contract: LandingObject, content: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    words: dict[str, dict[str, str]] = {}
    for name, pairs in _pairs(path, content, "words"):
        column = contract.column(_column(path, contract, "words", name))
        if not isinstance(pairs, dict):
            raise _wrong(path, f"words.{name} must be pairs such as {{Monthly: month}}")
        for mine, word in pairs.items():
            if column.enum and word is not None and str(word) not in column.enum:
                hint = _hint(str(word), column.enum)
                raise _wrong(path, f"words.{name}: {word!r} is not one of {', '.join(column.enum)}{hint}")
            words.setdefault(column.name, {})[str(mine).strip().lower()] = "" if word is None else str(word)
    return words


def _dates(path: Path, contract: LandingObject, given: Any) -> dict[str, DateFormat]:
    if given is None:
        return {}
    pairs = given if isinstance(given, dict) else {"*": given}
    dates = {}
    for name, text in pairs.items():
        key = "*" if name == "*" else _column(path, contract, "dates", name)
        found = date_format(str(text))
        if found is None:
            raise _wrong(path, f"dates: {text!r} is not a format such as DD/MM/YYYY or MM/DD/YYYY")
        dates[key] = found
    return dates


def _timezone(path: Path, given: Any) -> str | None:
    if given is None:
        return None
    try:
        return ZoneInfo(str(given)).key
    except (ValueError, OSError, KeyError):
        raise _wrong(path, f"timezone: {given!r} is not a time zone such as Europe/Berlin") from None


def _choice(path: Path, content: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str | None:
    value = content.get(key)
    if value is None:
        return None
    if str(value) not in choices:
        shown = ", ".join(repr(choice) for choice in choices)
        raise _wrong(path, f"{key}: {str(value)!r} is not one of {shown}")
    return str(value)


def _pairs(path: Path, content: Mapping[str, Any], key: str) -> list[tuple[Any, Any]]:
    given = content.get(key)
    if given is None:
        return []
    if not isinstance(given, dict):
        raise _wrong(path, f"{key} must be pairs such as {{name: value}}")
    return list(given.items())


def _column(path: Path, contract: LandingObject, key: str, name: object) -> str:
    if str(name) in contract.column_names:
        return str(name)
    hint = _hint(str(name), contract.column_names, f"; its columns are {', '.join(contract.column_names)}")
    raise _wrong(path, f"{key}: {contract.name} has no column {str(name)!r}{hint}")


def _hint(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a hint with the closest known name, or `otherwise` if no name is close."""
    meant = nearest(word, known)
    return f"; the closest name is {meant}" if meant else otherwise


def _wrong(path: Path, what: str) -> FileRefusedError:
    return FileRefusedError(f"{path.name} {what}. Fix {path.name}; the next run reads the file again")
