"""The limits of the gate, read from `gate.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from orchestration.core.errors import AuditError
from orchestration.core.serialization import read_yaml

GATE_FILE = Path(__file__).with_name("gate.yml")


@dataclass(frozen=True)
class Change:
    """How much a measure may fall or rise, as a share of its previous value."""

    max_drop: float
    max_rise: float


@dataclass(frozen=True)
class Age:
    """The age in days from which on data is too old; None for no limit."""

    warn_after_days: float | None = None
    fail_after_days: float | None = None


@dataclass(frozen=True)
class Limits:
    """The content of `gate.yml`."""

    rows: Change
    rows_compared_from: int
    closing_mrr: Change
    customers: Change
    customers_compared_from: int
    min_checks: int
    min_match_rate: float
    """Share of the customers of a billing system that must belong to an account of the CRM."""
    match_compared_from: int
    rows_of: Mapping[str, Change] = field(default_factory=dict)
    """Limits of single marts."""
    deliveries: Mapping[str, Age] = field(default_factory=dict)
    """By landing object, such as `generic/accounts`."""
    events: Mapping[str, Age] = field(default_factory=dict)
    """By mart and column, such as `fct_mrr_movements.occurred_at`."""


def load_limits(path: Path = GATE_FILE) -> Limits:
    """Read the limits. Raises AuditError, with the place, if an entry is not a limit."""
    try:
        document = read_yaml(path)
        _only(path, "", document, {"rows", "figures", "freshness", "identity", "suites"})
        rows, figures, freshness = document["rows"], document["figures"], document["freshness"] or {}
        identity = document["identity"]
        _only(path, "identity", identity, {"min_match_rate", "compared_from"})
        _only(path, "rows", rows, {"max_drop", "max_rise", "compared_from", "marts"})
        _only(path, "figures", figures, {"closing_mrr", "customers", "compared_from"})
        _only(path, "freshness", freshness, {"deliveries", "events"})
        default = _change(path, "rows", {name: rows[name] for name in ("max_drop", "max_rise")})
        return Limits(
            rows=default,
            rows_compared_from=int(rows["compared_from"]),
            closing_mrr=_change(path, "figures.closing_mrr", figures["closing_mrr"]),
            customers=_change(path, "figures.customers", figures["customers"]),
            customers_compared_from=int(figures["compared_from"]),
            min_checks=int(document["suites"]["min_checks"]),
            min_match_rate=_share(path, "identity.min_match_rate", identity["min_match_rate"]),
            match_compared_from=int(identity["compared_from"]),
            rows_of={
                mart: _change(path, f"rows.marts.{mart}", {**vars(default), **own})
                for mart, own in (rows.get("marts") or {}).items()
            },
            deliveries=_ages(path, "freshness.deliveries", freshness.get("deliveries")),
            events=_ages(path, "freshness.events", freshness.get("events")),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise AuditError(f"{path.name} cannot be read: {type(error).__name__}: {error}") from None


def _change(path: Path, where: str, found: Mapping[str, Any]) -> Change:
    _only(path, where, found, {"max_drop", "max_rise"})
    change = Change(float(found["max_drop"]), float(found["max_rise"]))
    if not 0 <= change.max_drop <= 1 or change.max_rise < 0:
        raise AuditError(f"{path.name}: {where}: max_drop is from 0 to 1, max_rise from 0 on.")
    return change


def _share(path: Path, where: str, found: Any) -> float:
    share = float(found)
    if not 0 <= share <= 1:
        raise AuditError(f"{path.name}: {where}: a share is from 0 to 1.")
    return share


def _ages(path: Path, where: str, found: Mapping[str, Any] | None) -> dict[str, Age]:
    ages = {}
    for name, entry in (found or {}).items():
        _only(path, f"{where}.{name}", entry, {"warn_after_days", "fail_after_days"})
        ages[name] = Age(**{key: None if days is None else float(days) for key, days in entry.items()})
    return ages


def _only(path: Path, where: str, found: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(found) - known):
        raise AuditError(
            f"{path.name}: {where or 'top level'}: unknown {', '.join(unknown)}. "
            f"Known: {', '.join(sorted(known))}."
        )
