"""What a pass asks for: the list of an object, what is new in it, or the log of changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from orchestration.extract.state import Pass
from orchestration.extract.systems import ObjectPlan, System


@dataclass(frozen=True)
class Step:
    """A list to read to its end."""

    name: str
    path: str
    params: Mapping[str, Any]
    records: str
    paginator: Mapping[str, Any]
    id: str | None = None
    """Field with the id under which each record is then fetched by itself."""
    entry: str | None = None
    """Path of the record in an entry of a log of changes."""
    adds: Mapping[str, Any] = field(default_factory=dict)
    """Columns that every record gets."""


def steps_of(system: System, plan: ObjectPlan, current: Pass, properties: Iterable[str]) -> list[Step]:
    """Return the steps of a pass of an object that does not depend on another object."""
    params: dict[str, Any] = dict(plan.params)
    if wanted := ",".join(properties):
        params["properties"] = wanted
    if plan.since and current.since is not None:
        return [_list(plan, "list 1", params | {plan.since: current.since})]
    if current.is_full or system.changes is None:
        lists = {f"list {number}": one for number, one in enumerate(plan.passes, 1)}
        return [
            _list(plan, name, params | dict(one) | _expanded(plan, "data.")) for name, one in lists.items()
        ]
    steps = []
    if plan.created:
        since = {plan.created: current.since}
        steps.append(_list(plan, "created", params | since | _expanded(plan, "data.")))
    for number, change in enumerate(plan.changes, 1):
        steps.append(
            Step(
                f"changes {number}",
                system.changes.path,
                {"limit": params["limit"], "created[gte]": current.since, **change["params"]},
                plan.records,
                plan.paginator,
                change["id"],
                system.changes.record,
            )
        )
    return steps


def steps_of_parents(plan: ObjectPlan, parents: Iterable[str], since: Mapping[str, int | None]) -> list[Step]:
    """Return one step for each record of the other object, limited to what appeared since its last pass."""
    assert plan.each is not None
    steps = []
    for parent in parents:
        start = since[parent]
        limit = {plan.since: _iso(start)} if plan.since and start is not None else {}
        path = plan.path.format_map({plan.each.as_: quote(parent, safe="")})
        steps.append(
            Step(
                parent,
                path,
                {**plan.params, **limit},
                plan.records,
                plan.paginator,
                adds={plan.each.as_: parent},
            )
        )
    return steps


def record_params(plan: ObjectPlan) -> dict[str, Any]:
    """Return the parameters that fetch one record in the same shape as in the list."""
    return _expanded(plan, "")


def _list(plan: ObjectPlan, name: str, params: Mapping[str, Any]) -> Step:
    return Step(name, plan.path, params, plan.records, plan.paginator, (plan.details or {}).get("id"))


def _expanded(plan: ObjectPlan, prefix: str) -> dict[str, Any]:
    return {"expand[]": [prefix + path for path in plan.expand]} if plan.expand else {}


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
