"""Headers to contract columns: by name."""

from __future__ import annotations

import pytest

from orchestration.landing.reading.binding import bind, snake_case
from orchestration.landing.reading.refusal import FileRefusedError, Remark
from tests.unit.landing_case import THINGS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CreatedDate", "created_date"),
        ("Created Date", "created_date"),
        ("created_date", "created_date"),
        ("CREATED_DATE", "created_date"),
        ("account-id", "account_id"),
        ("accountID", "account_id"),
        ("ID", "id"),
        ("HTTPStatus", "http_status"),
        ("  amount ", "amount"),
        ("_fivetran_deleted", "_fivetran_deleted"),
        ("Arr__c", "arr_c"),
        ("Größe (m²)", "größe_m²"),
        ("%", ""),
    ],
)
def test_snake_case(text: str, expected: str) -> None:
    assert snake_case(text) == expected


def test_position_and_case_do_not_matter() -> None:
    binding = bind(THINGS, ["Note", "MadeAt", "AMOUNT", "thing id", "kInD"])
    assert binding.positions == {"note": 0, "made_at": 1, "amount": 2, "thing_id": 3, "kind": 4}
    assert binding.remarks == ()


def test_missing_and_unknown_columns_cause_one_note() -> None:
    binding = bind(THINGS, ["thing_id", "amount", "kind", "note", "Band", "", "_dlt_id"])
    assert binding.extras == {"band": 4, "column_6": 5, "_dlt_id": 6}
    assert binding.remarks == (
        Remark("note", None, "not delivered: made_at"),
        Remark("note", None, "outside the contract, kept in _extra: band, column_6"),
    )


def test_unknown_columns_with_equal_names_are_numbered() -> None:
    """Spreadsheets repeat headers of unknown columns, which must not refuse the file."""
    binding = bind(THINGS, ["thing_id", "Notes", "Notes", "notes_2", ""])
    assert binding.positions == {"thing_id": 0}
    assert binding.extras == {"notes": 1, "notes_2": 2, "notes_2_2": 3, "column_5": 4}


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (["a", "b"], "not an export of things: the header is 'a', 'b'"),
        (["thing_id", "ThingId"], "two columns have the name thing_id; the header is 'thing_id', 'ThingId'"),
        (
            ["thing_id", "note", "Note"],
            "two columns have the name note; the header is 'thing_id', 'note', 'Note'",
        ),
    ],
)
def test_refused_headers(header: list[str], reason: str) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        bind(THINGS, header)
    assert refusal.value.reason == reason


def test_a_missing_column_does_not_hide_other_mistakes() -> None:
    binding = bind(THINGS, ["amount", "note"])
    assert binding.refusal == "required column thing_id missing; the header is 'amount', 'note'"
    assert binding.positions == {"amount": 0, "note": 1}
