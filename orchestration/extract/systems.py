"""The systems that can be extracted, each described by a YAML file beside this module."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestration.core.errors import SettingsError
from orchestration.core.serialization import read_yaml
from orchestration.core.spelling import did_you_mean

_FOLDER = Path(__file__).parent
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Changes:
    """A log of changes, in which the ids of changed records stand. It does not reach back for ever."""

    path: str
    record: str
    """Path of the changed record in an entry of the log."""
    within_days: int


@dataclass(frozen=True)
class Each:
    """An object that is read once for each record of another object."""

    object: str
    id: str
    """Field of the other object's record that is its id."""
    as_: str
    """Name of the id in the path, and of the column that every record gets."""


@dataclass(frozen=True)
class ObjectPlan:
    """How the records of one object are listed, completed and found again."""

    name: str
    path: str
    params: Mapping[str, Any]
    records: str
    paginator: Mapping[str, Any]
    passes: Sequence[Mapping[str, Any]] = ({},)
    """Parameters of each reading of the list."""
    properties: Sequence[str] = ()
    expand: Sequence[str] = ()
    lists: Sequence[str] = ()
    """Lists in a record that the system cuts; each is read to its end."""
    key: Sequence[str] = ("id",)
    created: str | None = None
    """Parameter that limits the list to records created since a time."""
    since: str | None = None
    """Parameter that limits the list to records that appeared since a time."""
    changes: Sequence[Mapping[str, Any]] = ()
    details: Mapping[str, str] | None = None
    each: Each | None = None


@dataclass(frozen=True)
class System:
    """A system that can be extracted."""

    name: str
    title: str
    url: str
    error: str
    """Path of the explanation in an answer that refuses."""
    objects: Mapping[str, ObjectPlan]
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    overlap_hours: int = 0
    requests_per_second: float = 0
    changes: Changes | None = None

    @property
    def key_variable(self) -> str:
        return f"CSW_{self.name.upper()}_KEY"

    @property
    def url_variable(self) -> str:
        return f"CSW_{self.name.upper()}_URL"

    @property
    def properties_variable(self) -> str:
        return f"CSW_{self.name.upper()}_PROPERTIES"


def system_names() -> list[str]:
    """Return the names of the systems."""
    return sorted(path.stem for path in _FOLDER.glob("*.yml"))


def load_system(name: str) -> System:
    """Read the description of a system. Raises SettingsError for an unknown one."""
    names = system_names()
    if name not in names:
        raise SettingsError(
            f"csw extract does not know the system {name!r}; it knows {', '.join(names)}."
            f"{did_you_mean(name, names)} docs/connectors/extract.md describes the way for other "
            "systems."
        )
    found = read_yaml(_FOLDER / f"{name}.yml")
    shared = {key: found.pop(key, default) for key, default in _SHARED.items()}
    objects = {name: _plan(name, shared, content) for name, content in found.pop("objects").items()}
    changes = found.pop("changes", None)
    return System(
        name=name,
        objects=objects,
        drop=frozenset(found.pop("drop", ())),
        changes=Changes(**changes) if changes else None,
        **found,
    )


_SHARED: Mapping[str, Any] = {"records": "", "params": {}, "paginator": {}}
"""Keys of a system that its objects may replace."""


def _plan(name: str, shared: Mapping[str, Any], content: dict[str, Any]) -> ObjectPlan:
    params = {**shared["params"], **content.pop("params", {})}
    each = content.pop("each", None)
    return ObjectPlan(
        name=name,
        params={key: value for key, value in params.items() if value is not None},
        records=content.pop("records", shared["records"]),
        paginator=content.pop("paginator", shared["paginator"]),
        each=Each(each["object"], each["id"], each["as"]) if each else None,
        **content,
    )


def chosen_objects(system: System, names: Sequence[str]) -> list[ObjectPlan]:
    """Return the objects with these names, or all. Raises SettingsError for an unknown name."""
    for name in names:
        if name not in system.objects:
            raise SettingsError(
                f"{system.title} has no object {name!r}; csw extract reads {', '.join(system.objects)}."
                f"{did_you_mean(name, system.objects)}"
            )
    return [plan for name, plan in system.objects.items() if name in names or not names]


def key_of(system: System, environment: Mapping[str, str] = os.environ) -> str:
    """Return the key from a system's variable. Raises SettingsError if it is missing or cannot be one."""
    variable = system.key_variable
    key = environment.get(variable, "").strip()
    if not key:
        raise SettingsError(
            f"The environment variable {variable} is empty. Set it to a key that may read {system.title}, as "
            "docs/connectors/extract.md describes. csw reads keys from the environment only."
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(
            f"The value of {variable} contains a character that no key has, such as a space. "
            "Copy the key again."
        )
    return key


def url_of(system: System, environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of a system's API. Raises SettingsError if it has another form or no encryption."""
    url = (environment.get(system.url_variable) or system.url).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{system.url_variable} is not an address such as {system.url}.")
    if parts.scheme == "http" and parts.hostname not in _THIS_MACHINE:
        raise SettingsError(
            f"{system.url_variable} begins with http://, so the key would cross the network unencrypted. Use "
            "https://; http:// is for this machine only."
        )
    return url


def properties_of(
    system: System, plan: ObjectPlan, environment: Mapping[str, str] = os.environ
) -> Sequence[str]:
    """Return the properties to ask for: those of the description, and those of the user's variable.

    The variable lists `object.property`, separated by spaces. Raises SettingsError for another form.
    """
    own = []
    for word in environment.get(system.properties_variable, "").split():
        name, _, wanted = word.partition(".")
        if name not in system.objects or not wanted or not system.objects[name].properties:
            known = ", ".join(name for name, plan in system.objects.items() if plan.properties)
            raise SettingsError(
                f"{system.properties_variable}: {word!r} is not <object>.<property>, with one of the "
                f"objects {known}. Example: companies.billing_id."
            )
        if name == plan.name:
            own.append(wanted)
    return [*plan.properties, *(name for name in own if name not in plan.properties)]
