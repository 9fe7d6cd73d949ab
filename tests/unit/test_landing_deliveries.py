"""The combined meaning of rows or files of one object: absent columns, repeats and contradictions."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.landing_case import PERIODS, Case, make_generic, periods


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_generic(tmp_path)


# ------------------------------------------------------------------------------------------ absent columns
@pytest.mark.parametrize(
    ("name", "files", "columns", "expected"),
    [
        (
            "accounts",
            ["account_id,segment,owner_name\na1,smb,Kim\na2,ent,Lee", "account_id,owner_name\na1,\na3,Bo"],
            "account_id, segment, owner_name",
            [("a1", "smb", "Kim"), ("a2", "ent", "Lee"), ("a1", "smb", None), ("a3", None, "Bo")],
        ),
        (
            "accounts",
            [
                "account_id,owner_name\na1,Kim",
                "account_id,segment\na1,smb",
                "account_id,segment\na1,",
                "account_id\na1",
            ],
            "owner_name, segment",
            [("Kim", None), ("Kim", "smb"), ("Kim", None), ("Kim", None)],
        ),
        (
            # The order of versions counts, not that of arrival. A missing version keeps the last known one.
            "accounts",
            [
                "account_id,segment,updated_at\na1,new,2024-03-01",
                "account_id,industry,updated_at\na1,old,2024-01-01",
                "account_id,segment\na1,newest",
            ],
            "segment, industry, cast(cast(updated_at as date) as varchar)",
            [("new", "old", "2024-03-01"), (None, "old", "2024-01-01"), ("newest", "old", "2024-01-01")],
        ),
        (
            "subscription_periods",
            [
                periods(("s", "2024-01-01", "2024-03-01")),
                PERIODS + "\ns,a,USD,120,month,2024-01-01",
            ],
            "unit_amount, cast(cast(period_end as date) as varchar)",
            [(Decimal(100), "2024-03-01"), (Decimal(120), "2024-03-01")],
        ),
        (
            "contacts",
            ["contact_id,account_id,email\nc,a,jo@x.example", "contact_id,account_id,role\nc,a,Head"],
            "email, role",
            [("jo@x.example", None), ("jo@x.example", "Head")],
        ),
    ],
)
def test_a_missing_column_keeps_its_last_value(
    case: Case, name: str, files: list[str], columns: str, expected: list[tuple[object, ...]]
) -> None:
    for number, content in enumerate(files):
        case.deliver(name, content + "\n", f"{number}.csv")
    assert case.rows(columns, f"generic__{name}") == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (["s,i1,recurring"], [("i1", "recurring"), ("i1", "recurring")]),
        (["s,i1,usage"], [("i1", "usage"), ("i1", "usage")]),
        # If there are several, the loader cannot know the right one.
        (["s,i1,", "s,i2,"], [("i1", None), ("i2", None), (None, None)]),
        (["other,i1,usage"], [("i1", "usage"), (None, None)]),
    ],
)
def test_a_missing_key_column_keeps_its_known_value(
    case: Case, before: list[str], expected: list[tuple[str | None, str | None]]
) -> None:
    """A narrower export updates the rows of the wider export before it."""
    rest = "account_id,currency,unit_amount,interval,period_start"
    wide = [f"{row},a,USD,5,month,2024-01-01" for row in before]
    case.deliver("subscription_periods", "\n".join([f"subscription_id,item_id,price_kind,{rest}", *wide]))
    case.deliver("subscription_periods", f"subscription_id,{rest}\ns,a,USD,6,month,2024-01-01\n", "b.csv")
    assert case.rows("item_id, price_kind", "generic__subscription_periods") == expected


def test_a_required_column_must_be_delivered_every_time(case: Case) -> None:
    case.deliver("contacts", "contact_id,account_id\nc,a\n")
    batch = case.deliver("contacts", "contact_id,email\nc,jo@x.example\n", "b.csv")
    assert batch.reason == "required column account_id missing; the header is 'contact_id', 'email'"


# ------------------------------------------------------------------------------ repeats and contradictions
LINES = "subscription_id,account_id,plan_id,currency,unit_amount,interval,period_start,updated_at"
COSTS = "month,channel,amount,currency,campaign"
ANSWERS = "response_id,account_id,respondent_id,survey_type,score,sent_at"
KEYS = {
    "lines without item ids": ("subscription_periods", LINES, (2, 0, 0, 0),
        ["s,a,base,USD,100,month,2024-01-01,", "s,a,seats,USD,50,month,2024-01-01,"]),
    "no column tells them apart": ("subscription_periods", LINES, (1, 0, 0, 1),
        ["s,a,,USD,100,month,2024-01-01,", "s,a,,USD,50,month,2024-01-01,"]),
    "equal rows": ("subscription_periods", LINES, (1, 0, 2, 0), ["s,a,p,USD,100,month,2024-01-01,"] * 3),
    "versions": ("subscription_periods", LINES, (1, 1, 0, 0),
        ["s,a,p,USD,100,month,2024-01-01,2024-01-01", "s,a,p,USD,50,month,2024-01-01,2024-02-01"]),
    "one version twice": ("subscription_periods", LINES, (1, 0, 0, 1),
        ["s,a,p,USD,100,month,2024-01-01,2024-01-01", "s,a,p,USD,50,month,2024-01-01,2024-01-01"]),
    "answers of two tools": ("survey_responses", ANSWERS, (2, 0, 0, 0),
        ["1,a,p,nps,10,2024-04-05", "1,a,q,nps,2,2024-05-05"]),
    "spend of campaigns": ("acquisition_costs", COSTS, (2, 0, 1, 0),
        ["2024-01-01,ads,100,USD,a", "2024-01-01,ads,100,USD,b", "2024-01-01,ads,100,USD,b"]),
    "invoices": ("invoices", "invoice_id,account_id,currency,amount,issued_at", (1, 0, 0, 1),
        ["i,a,USD,5,2024-01-01", "i,a,USD,7,2024-01-01"]),
    "accounts": ("accounts", "account_id,account_name", (2, 0, 0, 1), ["a,One", "a,Two", "b,Three"]),
    "plans": ("plans", "plan_id,tier_rank", (1, 0, 1, 1), ["p,1", "p,2", "p,1"]),
    "rates": ("fx_rates", "currency,rate_on,rate", (1, 0, 0, 1),
        ["EUR,2024-01-01,1.1", "eur,2024-01-01,1.2"]),
}  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
def test_rows_of_one_key_are_facts_versions_repeats_or_contradictions(case: Case, name: str) -> None:
    target, header, expected, rows = KEYS[name]
    batch = case.deliver(target, "\n".join([header, *rows]))
    with case.relations() as connection:
        counts = dict(connection.execute("select outcome, row_count from raw.landing__row_counts").fetchall())
        aside = connection.execute("select kind, row_count from raw.landing__rows_set_aside").fetchall()
    assert tuple(counts[word] for word in ("used", "superseded", "repeated", "conflicting")) == expected
    assert aside == ([("conflicting", expected[3])] if expected[3] else [])
    told = [remark for remark in batch.remarks if remark.kind == "told"]
    assert [(remark.rows, remark.line) for remark in told] == ([(expected[3], 2)] if expected[3] else [])


def test_quarantined_and_conflicting_rows_have_their_money(case: Case) -> None:
    rows = ["s,a,,USD,100,month,2024-01-01,", "s,a,,USD,50,month,2024-01-01,", ",a,,eur,7,year,2024-01-01,"]
    case.deliver("subscription_periods", "\n".join([LINES, *rows]))
    with case.relations() as connection:
        found = connection.execute(
            "select kind, column_name, currency, interval_unit, row_count, amount::double "
            "from raw.landing__rows_set_aside order by kind"
        ).fetchall()
    assert found == [
        ("conflicting", None, "USD", "month", 1, 100.0),
        ("quarantined", "subscription_id", "eur", "year", 1, 7.0),
    ]


def test_a_later_delivery_of_costs_replaces_the_earlier_one(case: Case) -> None:
    header = "month,channel,amount,currency\n"
    case.deliver("acquisition_costs", header + "2024-01-01,ads,100,USD\n2024-01-01,ads,50,USD\n")
    case.deliver("acquisition_costs", header + "2024-01-01,ads,70,USD\n", "b.csv")
    with case.relations() as connection:
        counts = dict(connection.execute("select outcome, row_count from raw.landing__row_counts").fetchall())
    assert (counts["used"], counts["superseded"]) == (1, 2)


CELLS = st.sampled_from(
    [
        "",
        "a1",
        "a2",
        "NULL",
        "x@y.example",
        "2024-01-01",
        "1900-01-01",
        "n/a",
        "1,5",
        "1.500",
        "-3",
        "2024-01-31",
    ]
)


@settings(deadline=None, max_examples=25)
@given(
    rows=st.lists(st.lists(CELLS, min_size=8, max_size=8), max_size=8),
    widths=st.lists(st.integers(1, 9), max_size=8),
)
def test_every_row_of_any_file_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], widths: list[int]
) -> None:
    """Each landing pass checks that outcomes add up to the rows that came in."""
    case = make_generic(tmp_path_factory.mktemp("random"))
    usual = ["s", "a", "base", "USD", "5", "month", "2024-01-01", ""]
    cells = [[one or other for one, other in zip(row, usual, strict=True)] for row in rows]
    ragged = [row[:width] for row, width in zip(rows, widths, strict=False)]
    lines = [",".join(f'"{cell}"' for cell in row) for row in [*cells, *ragged, usual]]
    batch = case.deliver("subscription_periods", "\n".join([LINES, *lines, ""]))
    empty = sum(not any(row) for row in ragged)
    assert batch.rows_in + batch.rows_blank >= len(lines) - empty
