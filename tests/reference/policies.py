"""The policies of the reference, their values, and policy sets that cover all pairs of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from fractions import Fraction
from functools import cache, cached_property
from itertools import combinations, product
from typing import Any
from zoneinfo import ZoneInfo

from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR
from tests.reference.instants import local_day, month_start

Value = str | int | bool


@dataclass(frozen=True)
class Policies:
    """Values in force, as `dbt_project.yml` names them."""

    churn_recognition: str = "service_end"
    discount_policy: str = "all"
    same_period_new_and_churn: str = "ignore"
    reactivation_window: Value = "unlimited"
    grouping_window: int = 60
    past_due_grace_days: Value = 30
    pause_policy: str = "zero_as_churn"
    zero_price_policy: str = "churn"
    usage_policy: str = "exclude"
    refund_policy: str = "ignore"
    fx_policy: str = "period_end_rate"
    fx_fixed_on: str = "latest"
    fx_max_age_days: int = 31
    weeks_per_month: str = "52/12"
    days_per_month: str = "365/12"
    churn_rate_denominator: str = "opening"
    nrr_reactivation: str = "exclude"
    trial_policy: str = "exclude"
    require_first_payment: bool = False
    reporting_currency: str = "USD"
    reporting_timezone: str = "UTC"
    first_loaded_month: str = "none"

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.reporting_timezone)

    @property
    def loaded_at(self) -> datetime | None:
        """First instant of the first loaded month."""
        if self.first_loaded_month == "none":
            return None
        return month_start(date.fromisoformat(f"{self.first_loaded_month}-01"), self.zone)

    def months_of(self, interval: str) -> Fraction:
        """Length of a billing interval in months."""
        return {
            "day": 1 / Fraction(self.days_per_month),
            "week": 1 / Fraction(self.weeks_per_month),
            "month": Fraction(1),
            "year": Fraction(12),
        }[interval]

    def constant_day(self, as_of: datetime) -> date:
        """Day of the rates for constant-currency columns, and for all amounts under fixed_rate."""
        if self.fx_fixed_on == "latest":
            return local_day(as_of, self.zone)
        return date.fromisoformat(self.fx_fixed_on)

    def changed(self) -> dict[str, Value]:
        """Policies that differ from the defaults."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }


def policies_of(chosen: Mapping[str, Any]) -> Policies:
    """The policies in force for chosen values or a preset, without those that the ledger does not read."""
    preset = project_variables()["policy_presets"].get(chosen.get("preset"), {})
    names = {field.name for field in fields(Policies)}
    kept = {name: value for name, value in {**preset, **chosen}.items() if name in names}
    texts = {name: str(value) for name, value in kept.items() if name.endswith("per_month")}
    return Policies(**{**kept, **texts})


@cache
def project_variables() -> dict[str, Any]:
    """The variables of `dbt_project.yml`."""
    content = read_yaml(PROJECT_DIR / "dbt_project.yml")
    return dict(content["vars"]["csw"])


VALUES: Mapping[str, tuple[Value, ...]] = {
    "churn_recognition": ("service_end", "cancel_effective", "cancel_requested"),
    "discount_policy": ("all", "forever_only", "recurring_only", "none"),
    "same_period_new_and_churn": ("ignore", "count_both"),
    "reactivation_window": ("unlimited", 0, 20, 45),
    "grouping_window": (60, 0, 1440, 14400),
    "past_due_grace_days": (30, 0, 45, "never"),
    "pause_policy": ("zero_as_churn", "zero_as_contraction", "keep"),
    "zero_price_policy": ("churn", "active_at_zero"),
    "usage_policy": ("exclude", "include_recurring_usage"),
    "refund_policy": ("ignore", "reduce_in_service_period", "annual_early_churn_only"),
    "fx_policy": ("period_end_rate", "service_start_rate", "fixed_rate"),
    "fx_fixed_on": ("latest", "2023-12-15"),
    "weeks_per_month": ("52/12", "4.33"),
    "days_per_month": ("365/12", "30"),
    "churn_rate_denominator": ("opening", "opening_plus_new"),
    "nrr_reactivation": ("exclude", "include"),
    "trial_policy": ("exclude", "include"),
    "require_first_payment": (False, True),
    "reporting_currency": ("USD", "EUR"),
    "reporting_timezone": ("UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland"),
    "first_loaded_month": ("none", "2024-02"),
}
"""Values to draw for each policy; the default comes first."""


def working() -> dict[str, tuple[Value, ...]]:
    """The VALUES that `policy_catalog` of `dbt_project.yml` lists as working."""

    catalog = project_variables()["policy_catalog"]

    def works(name: str, value: Value) -> bool:
        rule = catalog.get(name)
        return rule is not None and ("values" not in rule or value in rule["values"])

    return {name: tuple(value for value in values if works(name, value)) for name, values in VALUES.items()}


def policy_sets(values: Mapping[str, Sequence[Value]]) -> list[Policies]:
    """The defaults, then sets that together contain every pair of values of two policies."""
    names = [name for name in values if len(values[name]) > 1]
    # Policies with the most values come first, because they are the hardest to pair.
    names.sort(key=lambda name: (-len(values[name]), name))
    missing = {pair for first, second in combinations(names, 2) for pair in _pairs(first, second, values)}
    chosen = [{name: values[name][0] for name in names}]
    missing -= set(_met(chosen[0]))
    while missing:
        current: dict[str, Value] = {}
        for name in names:
            # A missing pair seeds the set. Every further value covers as many missing pairs as possible.
            current[name] = max(
                values[name],
                key=lambda value, name=name, current=current: (  # type: ignore[misc]
                    len(missing & set(_met({**current, name: value}))),
                    sum(
                        value in (first[1], second[1])
                        for first, second in missing
                        if name in (first[0], second[0])
                    ),
                ),
            )
        chosen.append(current)
        missing -= set(_met(current))
    return [Policies(**entry) for entry in chosen]  # type: ignore[arg-type]


def _pairs(first: str, second: str, values: Mapping[str, Sequence[Value]]) -> Iterator[Any]:
    for one, other in product(values[first], values[second]):
        yield (first, one), (second, other)


def _met(chosen: Mapping[str, Value]) -> Iterator[Any]:
    yield from combinations(chosen.items(), 2)
