"""One batch for each table of `raw_tables`: its content as a digest, and what a file's record would say."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orchestration.core.errors import LandingError
from orchestration.core.settings import Settings
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.landing.batches import Batch
from orchestration.landing.content import refuse_wrong_rows
from orchestration.landing.ends import ends_counted, ends_sql
from orchestration.landing.files import content_id
from orchestration.landing.lake.checked import CONTENT, CheckedTable, Content, check_table
from orchestration.landing.lake.tables import LakeTable, find_tables
from orchestration.landing.reading.readers import Reading
from orchestration.landing.reading.refusal import FileRefusedError
from orchestration.landing.recognition import tool_of
from orchestration.landing.remarks import Loaded, remarks_on
from orchestration.landing.values.casting import on_values
from orchestration.landing.values.census import census_of
from orchestration.landing.values.days import day_counts, days_found
from orchestration.landing.values.rejected import (
    WORDS_SHOWN,
    RejectedRows,
    mistakes_in_words,
    mistakes_sql,
    refusal_in_words,
    refusing_codes,
)
from orchestration.landing.values.repeats import REPEATS, Repeats, marked_sql, several_sql
from orchestration.spark.dialect import spark_sql

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DELIVERY = ("_loaded_at",)
"""Rows of a table that were delivered at different times are versions, not repetitions."""


def read_tables(settings: Settings, session: SparkSession) -> tuple[Batch, ...]:
    """Return an accepted batch for each table of `raw_tables`, in the order of the contracts.

    Spark reads each table to count and check its rows; only counts come into this process. Raises
    SettingsError for a wrong name in `raw_tables`, and LandingError, with every wrong table, for a table
    that is missing, lacks required columns, or has more wrong rows than the allowed share.
    """
    batches, errors = [], []
    for table in find_tables(settings, session, load_contracts()):
        try:
            batches.append(_read(settings, session, table))
        except LandingError as error:
            errors.append(str(error))
    if errors:
        raise LandingError("\n".join(errors))
    return tuple(batches)


def _read(settings: Settings, session: SparkSession, table: LakeTable) -> Batch:
    checked = check_table(session, table, settings.as_of_text)
    checked.open(session, anew=True)
    counted = _Counted(session, checked)
    try:
        found = counted.loaded()
    except FileRefusedError as refusal:
        raise table.refused(refusal.reason) from None
    digest = checked.content.digest(table)
    mapping = f"/{table.mapping_digest}" if table.mapping_digest else ""
    label = content_id(table.contract.source, table.contract.name, digest) + mapping
    return Batch(
        batch_id=hashlib.sha256(label.encode()).hexdigest()[:16],
        source=table.contract.source,
        object=table.contract.name,
        file_name=table.name,
        format="table",
        digest=digest,
        bytes=0,
        loaded_at=_moment(checked.content.newest) or settings.as_of,
        contract_digest=table.contract.digest,
        mapping_digest=table.mapping_digest,
        **found.facts(),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


class _Counted:
    """The counts of one table, from one pass over its rows and few more where they are needed."""

    def __init__(self, session: SparkSession, checked: CheckedTable) -> None:
        self._session, self._checked = session, checked
        contract, cast = checked.contract, checked.cast
        places = {name: place for place, name in enumerate(contract.column_names)}
        good, bad = "problem is null", "problem is not null"
        self._days = day_counts([f"v{places[name]}" for name in cast.day_columns], good)
        self._warns = [
            f"count(*) filter ({good} and ({on_values(contract, rule.where)}))" for rule in contract.warns
        ]
        flags = [f"count(*) filter (f{place})" for place in range(len(checked.unusual))]
        counts = [
            *CONTENT,
            f"count(*) filter ({bad} and not is_blank)",
            f"count(*) filter ({bad} and is_blank)",
            *self._days,
            *self._warns,
            *flags,
        ]
        columns = ", ".join(f"{sql} as n{place}" for place, sql in enumerate(counts))
        row = self._row(f"select {columns} from {checked.view}")
        self.all_rows, first, second, newest, self.wrong, self.blank = row[:6]
        self._others = row[6:]
        if Content(self.all_rows, (first, second), newest) != checked.content:
            raise checked.table.changed()

    def loaded(self) -> Loaded:
        """Return what a file's record would say. Raises FileRefusedError if too many rows are wrong."""
        checked, contract = self._checked, self._checked.contract
        days, rest = self._others[: len(self._days)], self._others[len(self._days) :]
        warned, flags = rest[: len(self._warns)], rest[len(self._warns) :]
        rows = self.all_rows - self.blank
        rejected = self._rejected()
        refuse_wrong_rows(rejected, rows)
        met = [(one, number) for one, number in zip(checked.unusual, flags, strict=True) if number]
        found = Loaded(
            rows=rows,
            quarantined=self.wrong,
            blank=self.blank,
            mapping=checked.mapping,
            columns=tuple(
                name
                for name in contract.column_names
                if name in checked.binding.positions or name in checked.mapping.fixed
            ),
            extra_columns=tuple(checked.binding.extras),
            days=days_found(contract, checked.cast.day_columns, checked.mapping, days),
            census=census_of(contract, checked.mapping, met),
            repeats=self._repeats(),
            ends=self._ends(),
            tool=tool_of(checked.header) if contract.is_vendor else "",
            remarks=(),
        )
        reading = Reading(checked.header, self.all_rows)
        remarks = remarks_on(
            contract,
            reading,
            checked.binding,
            checked.numbers,
            found,
            [(number, None) for number in warned],
            lambda _: None,
        )
        return replace(found, remarks=(*rejected.remarks, *remarks))

    def _rejected(self) -> RejectedRows:
        if not self.wrong:
            return RejectedRows(self.blank, 0, (), None)
        cast = self._checked.cast
        mistakes = (
            "select code, word, count(*) as rows, min(value) as value from "
            f"({mistakes_sql(cast, self._checked.rejected)}) group by code, word"
        )
        found = self._rows(
            f"select code, word, rows, value from ({mistakes}) "
            f"qualify row_number() over (partition by code order by rows desc, word) <= {WORDS_SHOWN} "
            "order by code, rows desc, word"
        )
        remarks = mistakes_in_words(
            self._checked.contract,
            cast,
            [(code, word, n, None, None, value) for code, word, n, value in found],
        )
        refusing = refusing_codes(cast)
        worst = max(
            (one for one in found if one[0] in refusing), key=lambda one: (one[2], -one[0]), default=None
        )
        return RejectedRows(
            self.blank,
            self.wrong,
            tuple(sorted(remarks, key=lambda remark: -(remark.rows or 0))),
            refusal_in_words(cast, worst[0], worst[2]) if worst else None,
        )

    def _repeats(self) -> Repeats:
        contract, typed = self._checked.contract, f"({self._checked.typed('')})"
        if not self._rows(several_sql(contract, typed)):
            return Repeats()
        repeated, conflicting, _ = self._row(
            REPEATS.format(source=f"({marked_sql(contract, typed, DELIVERY)})")
        )
        return Repeats(repeated, conflicting)

    def _ends(self) -> dict[str, int] | None:
        contract = self._checked.contract
        if contract.ends is None:
            return None
        return ends_counted(self._row(ends_sql(contract.ends, f"({self._checked.typed('')})")))

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._session.sql(spark_sql(query, {})).collect()]

    def _row(self, query: str) -> tuple[Any, ...]:
        return self._rows(query)[0]
