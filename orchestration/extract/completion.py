"""Complete the lists inside a record, which a system cuts after some elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from orchestration.extract.api import Api
from orchestration.extract.errors import ExtractError
from orchestration.extract.systems import ObjectPlan


def complete(api: Api, plan: ObjectPlan, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with its lists and associations read to their ends."""
    whole = dict(record)
    for name in plan.lists:
        if isinstance(part := record.get(name), dict) and part.get("has_more") and part.get("data"):
            whole[name] = _whole_list(api, plan, record, name, part)
    if isinstance(links := record.get("associations"), dict):
        whole["associations"] = {
            name: _whole_links(api, plan, record, name, part) for name, part in links.items()
        }
    return whole


def _whole_list(
    api: Api, plan: ObjectPlan, record: Mapping[str, Any], name: str, part: dict[str, Any]
) -> dict[str, Any]:
    path = str(part.get("url") or f"{_path(plan, record)}/{name}")
    if not path.startswith("/") or path.startswith("//"):
        raise ExtractError(f"An answer for {plan.path} names an unknown address for its list {name}.")
    params = {"limit": plan.params["limit"], "starting_after": part["data"][-1]["id"]}
    inner = [one.removeprefix(f"{name}.") for one in plan.expand if one.startswith(f"{name}.data.")]
    if inner:
        params["expand[]"] = inner
    return {**part, "data": [*part["data"], *_rest(api, plan, path, params)], "has_more": False}


def _whole_links(api: Api, plan: ObjectPlan, record: Mapping[str, Any], name: str, part: Any) -> Any:
    if not isinstance(part, dict) or not (after := at(part, "paging.next.after")):
        return part
    # HubSpot names the list "line items" and the address line_items.
    path = f"{_path(plan, record)}/associations/{quote(name.replace(' ', '_'), safe='')}"
    rest = _rest(api, plan, path, {"limit": plan.params["limit"], "after": after})
    return {"results": [*part.get("results", []), *rest]}


def _path(plan: ObjectPlan, record: Mapping[str, Any]) -> str:
    return f"{plan.path}/{quote(str(record['id']), safe='')}"


def _rest(api: Api, plan: ObjectPlan, path: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    pages = api.pages(path, params, plan.records, plan.paginator)
    return [item for page in pages for item in page.records]


def at(record: Any, path: str) -> Any:
    """Return the value at a dotted path; None if there is none."""
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record
