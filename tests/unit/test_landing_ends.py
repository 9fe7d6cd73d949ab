"""The end of a period, given as its last day or as the day after it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from orchestration.landing import ReadingPolicies
from tests.unit.landing_case import Case, make_generic, periods

INCLUSIVE, EXCLUSIVE = (ReadingPolicies(period_end_convention=word) for word in ("inclusive", "exclusive"))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_generic(tmp_path)


def ends(case: Case, policies: ReadingPolicies | None = None) -> list[str | None]:
    """The ends of all periods, by subscription and start; midnights are left out."""
    with case.relations(policies) as connection:
        found = connection.execute(
            "select period_end from raw.generic__subscription_periods order by subscription_id, period_start"
        ).fetchall()
    return [None if end is None else str(end).removesuffix(" 00:00:00") for (end,) in found]


CHAIN = [("s1", "2024-01-01", "2024-01-31"), ("s1", "2024-02-01", "2024-02-29")]
EXCLUSIVE_CHAIN = [("x", "2024-01-01", "2024-02-01"), ("x", "2024-02-01", "2024-03-01")]
DETECTED: dict[str, tuple[list[tuple[str, str, str]], list[str | None]]] = {
    "holes of one day": (CHAIN, ["2024-02-01", "2024-03-01"]),
    "holes amid the month": (
        [("s1", "2024-01-03", "2024-01-20"), ("s1", "2024-01-21", "2024-03-11")],
        ["2024-01-21", "2024-03-12"],
    ),
    "month ends": (
        [("s1", "2024-01-15", "2024-01-31"), ("s2", "2024-02-10", "2024-02-29")],
        ["2024-02-01", "2024-03-01"],
    ),
    "one annual contract": ([("s1", "2023-03-15", "2024-03-14")], ["2024-03-15"]),
    "one month": ([("s1", "2024-02-01", "2024-02-29")], ["2024-03-01"]),
    "last seconds": (
        [("s1", "2024-01-01", "2024-01-31 23:59:59"), ("s2", "2024-02-05", "2024-03-17T23:59:59.999Z")],
        ["2024-02-01", "2024-03-18"],
    ),
    "last minutes": ([("s1", "2024-01-01", "2024-01-31 23:59")], ["2024-02-01"]),
    "last seconds elsewhere": (
        [("s1", "2024-01-01T00:00:00-08:00", "2024-01-31T23:59:59-08:00")],
        ["2024-02-01 08:00:00"],
    ),
    "last seconds beside days": (
        [("s1", "2024-01-01", "2024-01-31 23:59:59"), ("s2", "2024-02-05", "2024-03-17")],
        ["2024-02-01", "2024-03-17"],
    ),
    "exclusive": (EXCLUSIVE_CHAIN, ["2024-02-01", "2024-03-01"]),
    "exclusive, one": ([("s1", "2023-03-15", "2024-03-15")], ["2024-03-15"]),
    "exclusive, a day without service": (
        [("s1", "2024-01-10", "2024-02-10"), ("s1", "2024-02-11", "2024-03-11")],
        ["2024-02-10", "2024-03-11"],
    ),
    "instants": (
        [("s1", "2024-01-01", "2024-01-31 10:00"), ("s1", "2024-02-01 10:00", "2024-02-29 07:12:59")],
        ["2024-01-31 10:00:00", "2024-02-29 07:12:59"],
    ),
    "nothing to tell": ([("s1", "2024-01-03", "2024-01-20")], ["2024-01-20"]),
    "open": ([("s1", "2024-01-03", "")], [None]),
    "mixed": ([*CHAIN, *EXCLUSIVE_CHAIN], ["2024-01-31", "2024-02-29", "2024-02-01", "2024-03-01"]),
    "versions": ([CHAIN[0], ("s1", "2024-01-01", ""), CHAIN[1]], ["2024-02-01", None, "2024-03-01"]),
}  # fmt: skip


@pytest.mark.parametrize("name", DETECTED)
def test_inclusive_ends_are_detected_and_reported(case: Case, name: str) -> None:
    rows, expected = DETECTED[name]
    batch = case.deliver("subscription_periods", periods(*rows))
    found = ends(case)
    assert sorted(map(str, found)) == sorted(map(str, expected)) if name == "versions" else found == expected
    delivered = [end or None for _, _, end in rows]
    told = [remark for remark in batch.remarks if remark.kind == "told" and remark.column == "period_end"]
    is_changed = expected != delivered and name not in ("instants", "open")
    assert len(told) == (is_changed or name in ("mixed", "exclusive, a day without service"))


def test_few_exceptions_do_not_change_the_detected_convention(case: Case) -> None:
    """A change of plan on a last day leaves no gap in a file with last days."""
    chains = [(f"s{i:02}", start, end) for i in range(20) for _, start, end in CHAIN]
    swap = [("z", "2024-01-01", "2024-01-10"), ("z", "2024-01-10", "2024-02-09")]
    batch = case.deliver("subscription_periods", periods(*chains, *swap))
    assert ends(case) == ["2024-02-01", "2024-03-01"] * 20 + ["2024-01-11", "2024-02-10"]
    assert any("20 gaps of exactly one day, but no gap in 1 place" in remark.text for remark in batch.remarks)


@pytest.mark.parametrize(
    ("rows", "mapping", "policies", "expected"),
    [
        (CHAIN, "ends: exclusive\n", None, ["2024-01-31", "2024-02-29"]),
        (CHAIN, "", EXCLUSIVE, ["2024-01-31", "2024-02-29"]),
        (CHAIN, "ends: inclusive\n", EXCLUSIVE, ["2024-02-01", "2024-03-01"]),
        (EXCLUSIVE_CHAIN, "ends: inclusive\n", None, ["2024-02-02", "2024-03-02"]),
        (EXCLUSIVE_CHAIN, "", INCLUSIVE, ["2024-02-02", "2024-03-02"]),
        (EXCLUSIVE_CHAIN, "ends: exclusive\n", INCLUSIVE, ["2024-02-01", "2024-03-01"]),
        ([("s", "2024-01-01", "2024-01-31 23:59:59")], "", EXCLUSIVE, ["2024-01-31 23:59:59"]),
        ([("s", "2024-01-01", "2024-01-30 23:59:59")], "", INCLUSIVE, ["2024-01-31"]),
    ],
)
def test_the_mapping_overrides_the_policy_and_the_policy_the_data(
    case: Case,
    rows: list[tuple[str, str, str]],
    mapping: str,
    policies: ReadingPolicies | None,
    expected: list[str],
) -> None:
    case.deliver("subscription_periods", periods(*rows), mapping=mapping)
    assert ends(case, policies) == expected


def test_ends_are_detected_per_file_or_over_all_files(case: Case) -> None:
    # One file of a month has no consecutive periods, but the two files together have.
    case.deliver("subscription_periods", periods(("s1", "2024-01-03", "2024-01-20")), "jan.csv")
    assert ends(case) == ["2024-01-20"]
    case.deliver("subscription_periods", periods(("s1", "2024-01-21", "2024-03-11")), "feb.csv")
    assert ends(case) == ["2024-01-21", "2024-03-12"]
    # A file whose ends are clearly first days without service does not affect other files.
    starts = [("a", "2024-01-05"), ("b", "2024-02-05"), ("c", "2024-03-05"), ("d", "2024-04-05")]
    other = [(f"t{name}", day, day.replace("2024", "2025")) for name, day in starts]
    last_days = [(f"u{i}", start, end) for i in range(3) for _, start, end in CHAIN]
    case.deliver("subscription_periods", periods(*other), "other.csv")
    case.deliver("subscription_periods", periods(*last_days), "last.csv")
    assert ends(case)[2:] == [end for *_, end in other] + ["2024-02-01", "2024-03-01"] * 3


def test_inclusive_ends_are_days_of_the_reporting_time_zone(case: Case) -> None:
    case.deliver(
        "subscription_periods", periods(("s", "2024-02-01", "2024-03-09 23:59:59"), ("t", "2024-03-01", ""))
    )
    assert ends(case, ReadingPolicies(timezone="America/Los_Angeles")) == ["2024-03-10 08:00:00", None]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["2023-03-15,2024-03-14", "2024-03-15,2025-03-14"], ["2024-03-15", "2025-03-15"]),
        (["2023-01-01,2023-12-31"], ["2024-01-01"]),
        (["2023-03-15,2024-03-15", "2024-03-15,2025-03-15"], ["2024-03-15", "2025-03-15"]),
    ],
)
def test_ends_of_contracts(case: Case, rows: list[str], expected: list[str]) -> None:
    lines = [f"k{i},a,{row}" for i, row in enumerate(rows)]
    case.deliver("contracts", "\n".join(["contract_id,account_id,starts_on,ends_on", *lines]))
    assert [str(row[0]) for row in case.rows("ends_on", "generic__contracts")] == expected


def test_dates_of_the_whole_file_decide_days(case: Case) -> None:
    """A pandas frame writes midnights. They are days of the reporting time zone, including the ends."""
    rows = [("s1", f"{start} 00:00:00", f"{end} 00:00:00") for _, start, end in CHAIN]
    case.deliver("subscription_periods", periods(*rows))
    found = ends(case, ReadingPolicies(timezone="Europe/Berlin"))
    assert found == [str(datetime(2024, 1, 31, 23)), str(datetime(2024, 2, 29, 23))]  # noqa: DTZ001
