"""The policies, their allowed values, and the values that `dbt_project.yml` sets.

The catalog in `dbt_project.yml` declares the rules. The macro `policy_problem` applies the same rules and
gives the same messages. This module finds a wrong value before the run loads or parses anything.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from orchestration.core.errors import SettingsError
from orchestration.core.serialization import json_text, read_yaml
from orchestration.core.spelling import did_you_mean

PROJECT_FILE = Path(__file__).resolve().parents[2] / "dbt_project.yml"

_NO_POLICIES = frozenset({"as_of", "policy_catalog", "policy_presets", "raw_tables"})
"""Project variables that are not policies."""

log = logging.getLogger("csw")

Rule = Mapping[str, Any]


def policy_catalog() -> dict[str, Rule]:
    """Return the rule of every policy, by name."""
    catalog: dict[str, Rule] = project_variables()["policy_catalog"]
    return catalog


def policy_text(value: Any) -> str:
    """Return a value of a policy as a user writes it."""
    return value if isinstance(value, str) else json_text(value)


def project_policies() -> dict[str, Any]:
    """Return all policies with their values from `dbt_project.yml` or their defaults."""
    variables = project_variables()
    return {name: variables.get(name, rule["default"]) for name, rule in policy_catalog().items()}


def check_project_policies() -> None:
    """Raise SettingsError if `dbt_project.yml` sets a policy to an invalid value.

    Log a warning for a variable with almost the name of a policy. It may belong to a custom model.
    """
    catalog = policy_catalog()
    for name, value in project_variables().items():
        if name not in catalog:
            if name not in _NO_POLICIES and (meant := did_you_mean(name, catalog)):
                log.warning("dbt_project.yml sets %s, which is not a policy.%s", name, meant)
            continue
        problem = policy_problem(catalog[name], value) if value is not None else None
        if problem:
            raise SettingsError(
                f"dbt_project.yml sets policy {name} to {json.dumps(value, default=str)}: {problem}. "
                "docs/policies.md shows what each value changes."
            )


def parse_policies(
    origin: str, pairs: Iterable[str], lasting: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Turn `name=value` pairs into policy variables and parse the values as YAML (30, true, [a, b]).

    `origin` names the option or variable of the pairs, which override `lasting` policies. Raises
    SettingsError for an unknown name, an invalid value, and two values of one policy.
    """
    catalog = policy_catalog()
    chosen: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise SettingsError(f"{origin} {pair!r} does not have the form name=value.")
        if name not in catalog:
            raise SettingsError(
                f"{origin}: there is no policy {name!r}.{did_you_mean(name, catalog)} "
                f"The policies of dbt_project.yml are: {', '.join(sorted(catalog))}."
            )
        value = _value(text)
        if chosen.get(name, value) != value:
            raise SettingsError(f"{origin} sets policy {name} twice, to different values. Keep only one.")
        chosen[name], texts[name] = value, text
    in_force = {**project_policies(), **(lasting or {}), **chosen}
    for name, rule in catalog.items():
        # A new list of attributes may also leave an earlier slice dimension without its attribute.
        if name not in chosen and rule.get("items_of") not in chosen:
            continue
        value = in_force[name]
        problem = policy_problem(rule, value, in_force)
        if problem:
            text = texts.get(name, json.dumps(value))
            raise SettingsError(
                f"{origin}: policy {name} cannot be {text!r}: {problem}."
                f"{did_you_mean(text, _words(rule))} docs/policies.md shows what each value changes."
            )
    return chosen


def policy_problem(rule: Rule, value: Any, in_force: Mapping[str, Any] | None = None) -> str | None:
    """Describe what is wrong with a policy's value, with the same text as the macro `policy_problem`.

    `in_force` has the values of the policies that the rule refers to. By default they are the project's.
    """
    if "items_of" in rule:
        more = (project_policies() if in_force is None else in_force)[rule["items_of"]]
        rule = {**rule, "items": [*rule["items"], *(more if isinstance(more, list) else ())]}
    if value in rule.get("or", ()):
        return None
    others = f", or {', '.join(rule['or'])}" if rule.get("or") else ""
    if "values" in rule:
        allowed = rule["values"]
        is_one = value in allowed and isinstance(value, bool) == isinstance(allowed[0], bool)
        return None if is_one else f"it takes {', '.join(map(json.dumps, allowed))}"
    return _TYPES[rule["type"]](rule, value, others)


def _integer(rule: Rule, value: Any, others: str) -> str | None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if is_whole and value >= rule.get("minimum", value):
        return None
    return f"it takes a whole number of at least {rule.get('minimum', 0)}{others}"


def _number(rule: Rule, value: Any, others: str) -> str | None:
    text = str(value)
    is_number = re.fullmatch(r"[0-9]+(\.[0-9]+)?|[0-9]+/[0-9]+", text)
    if not is_number or re.fullmatch(r"[0./]*|.*/0+", text):
        return f"it takes a number or a fraction above zero, such as 4.33 or 52/12{others}"
    if Fraction(text) > rule.get("maximum", Fraction(text)):
        return f"it takes a number or a fraction above zero and not above {rule['maximum']}{others}"
    return None


def _list(rule: Rule, value: Any, _: str) -> str | None:
    items = rule["items"]
    if _is_list_without_repeats(value) and all(one in items for one in value):
        return None
    advice = f"; {rule['advice']}" if "advice" in rule else ""
    return f"it takes a list of {', '.join(items)}, each at most once{advice}"


def _columns(rule: Rule, value: Any, _: str) -> str | None:
    is_name = re.compile("[a-z][a-z0-9_]*").fullmatch
    if not _is_list_without_repeats(value) or not all(is_name(str(one)) for one in value):
        return (
            "it takes a list of column names in lower case with underscores, such as [region, csm_owner], "
            "each at most once"
        )
    reasons = {
        "are columns of every account already": rule["taken"],
        "are reserved words of SQL": rule["reserved"],
    }
    for reason, names in reasons.items():
        if unusable := [one for one in value if one in names]:
            return f"it takes other names, because these {reason}: {', '.join(unusable)}"
    return None


def _is_list_without_repeats(value: Any) -> bool:
    return isinstance(value, list) and all(value.count(one) == 1 for one in value)


def _month(_: Rule, value: Any, others: str) -> str | None:
    is_month = re.fullmatch("[0-9]{4}-(0[1-9]|1[0-2])", str(value))
    return None if is_month else f"it takes a month such as 2024-01{others}"


def _date(_: Rule, value: Any, others: str) -> str | None:
    if re.fullmatch("[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", str(value)):
        try:
            date.fromisoformat(str(value))
        except ValueError:
            pass
        else:
            return None
    return f"it takes a date such as 2024-01-31{others}"


def _timezone(_: Rule, value: Any, __: str) -> str | None:
    if value in _timezones():
        return None
    return "it takes a name of the IANA time zone database, such as UTC, Europe/Berlin or America/New_York"


def _currency(_: Rule, value: Any, __: str) -> str | None:
    is_code = re.fullmatch("[A-Z]{3}", str(value))
    return None if is_code else "it takes an ISO 4217 code such as USD or EUR"


def _name(rule: Rule, value: Any, _: str) -> str | None:
    is_name = isinstance(value, str) and re.fullmatch("[a-z][a-z0-9_]*", value)
    return None if is_name else f"it takes a name in lower case with underscores, such as {rule['default']}"


_TYPES = {
    "integer": _integer,
    "number": _number,
    "list": _list,
    "columns": _columns,
    "month": _month,
    "date": _date,
    "timezone": _timezone,
    "currency": _currency,
    "name": _name,
}


def _timezones() -> list[str]:
    """Return the time zone names that dbt passes to its macros."""
    names: list[str] = import_module("pytz").all_timezones
    return list(names)


def _words(rule: Rule) -> list[str]:
    """Return the words that a policy accepts."""
    if rule.get("type") == "timezone":
        return _timezones()
    return [str(one) for one in (*rule.get("values", ()), *rule.get("or", ()))]


def project_variables() -> dict[str, Any]:
    """Return the variables in dbt_project.yml."""
    variables: dict[str, Any] = read_yaml(PROJECT_FILE)["vars"]["csw"]
    return variables


def _value(text: str) -> Any:
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # for instance an unclosed list or an impossible date
        return text
    return value.isoformat() if isinstance(value, date) else value
