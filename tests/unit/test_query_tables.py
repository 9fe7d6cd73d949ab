"""Tables on a terminal and in a pipe: no value is broken, and nothing is lost without a note."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from orchestration.cli.tables import FEW_ROWS, TEXT_WIDTH, print_result, print_table, print_vertically
from orchestration.releases.answers import QueryResult

MANY_ROWS = FEW_ROWS + 1
WIDE = ("month", *(f"amount_{number}_mrr" for number in range(1, 10)))


def wide_result(rows: int) -> QueryResult:
    amounts = [Decimal("1234567.8900") * number for number in range(1, 10)]
    return QueryResult(WIDE, [(date(2025, 1, 1), *amounts)] * rows, has_more=False)


def result(*columns: tuple[str, Any]) -> QueryResult:
    return QueryResult(tuple(name for name, _ in columns), [tuple(value for _, value in columns)], False)


def use_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Make the captured standard output a plain terminal of this width."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", str(columns))


def test_a_pipe_gets_every_column_of_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(wide_result(MANY_ROWS))
    heading, *lines = capsys.readouterr().out.splitlines()
    assert tuple(heading.split()) == WIDE
    assert len(lines) == MANY_ROWS
    assert all(line.endswith("11111111.0100") for line in lines)


def test_a_few_wide_rows_are_vertical_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_terminal(monkeypatch, columns=80)
    print_result(wide_result(FEW_ROWS))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["row 1", "  month         2025-01-01", "  amount_1_mrr  1234567.8900"]
    assert len(lines) == FEW_ROWS * (1 + len(WIDE))


def test_many_wide_rows_lose_columns_and_a_note_names_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_terminal(monkeypatch, columns=80)
    print_result(wide_result(MANY_ROWS))
    heading, *lines, note = capsys.readouterr().out.splitlines()
    assert tuple(heading.split()) == WIDE[:6]
    assert all(len(line) <= 80 and line.endswith(" 6172839.4500") for line in lines)
    assert note.startswith(f"4 of 10 columns do not fit: {', '.join(WIDE[6:])}. `--format vertical`")


def test_numbers_are_right_aligned_and_keep_their_digits(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(Decimal("0.0000000000"), 5, True, "a"), (Decimal("12.5000000000"), None, False, "")]
    print_result(QueryResult(("rate", "n", "is_new", "[name]"), rows, False))
    assert capsys.readouterr().out.splitlines() == [
        "         rate     n  is_new  [name]",
        " 0.0000000000     5  true    a     ",
        "12.5000000000  NULL  false         ",
    ]


def test_only_a_table_shortens_a_long_text(capsys: pytest.CaptureFixture[str]) -> None:
    text = "word " * 40 + "\nend"
    print_result(result(("text", text), ("n", 1)))
    shortened = capsys.readouterr().out.splitlines()[1]
    assert shortened == f"{text[: TEXT_WIDTH - 1].rstrip()}…  1"
    print_vertically(result(("text", text), ("n", None)))
    assert capsys.readouterr().out.splitlines() == [
        "row 1",
        f"  text  {'word ' * 40}",
        "        end",
        "  n     NULL",
    ]


def test_a_report_wraps_texts_and_keeps_numbers_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_terminal(monkeypatch, columns=30)
    print_table(None, ("reason", "found", "MRR"), [("word " * 20, "1,234,567", "12,345,678")], (1, 2))
    printed = capsys.readouterr().out
    assert printed.splitlines()[1].endswith("  1,234,567  12,345,678")
    assert printed.count("word ") == 20
