"""A small contract and a landing folder to test it; every pass checks its counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.database import connect
from orchestration.core.settings import Settings
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.landing_contract import Column, LandingObject
from orchestration.dbt_runner.pseudonyms import TEST_KEY, hand_over_key
from orchestration.landing import (
    Batch,
    LandingReport,
    ReadingPolicies,
    accepted_batches,
    all_batches,
    create_landing_records,
    create_raw_relations,
    land,
    quarantine_path,
)
from orchestration.landing.batches import rejected_path
from orchestration.landing.records import count_rows

NOW = datetime(2025, 1, 1, 12, 0, tzinfo=UTC)

THINGS = LandingObject(
    source="shop",
    name="things",
    columns=(
        Column("thing_id", "varchar", required=True),
        Column("amount", "decimal(12,2)", minimum=Decimal(0)),
        Column("kind", "varchar", enum=("recurring", "one_off")),
        Column("made_at", "timestamp"),
        Column("note", "varchar"),
    ),
    key=("thing_id",),
    version_at=None,
    is_required=True,
    source_timezone="UTC",
)
OTHERS = LandingObject(
    source="shop",
    name="others",
    columns=(Column("other_id", "varchar", required=True),),
    key=("other_id",),
    version_at=None,
    is_required=False,
    source_timezone="UTC",
)
HEADER = "thing_id,amount,kind,made_at,note"
PERIODS = "subscription_id,account_id,currency,unit_amount,interval,period_start"


@dataclass
class Case:
    """A home with a landing folder."""

    settings: Settings
    contracts: dict[tuple[str, str], LandingObject]

    @property
    def things(self) -> Path:
        folder = self.settings.landing / "shop" / "things"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def put(self, name: str, content: str | bytes, folder: str = "things") -> Path:
        path = self.settings.landing / "shop" / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def land(self, now: datetime = NOW) -> LandingReport:
        """One landing pass; the counts of every record must add up and agree with the files."""
        report = land(self.settings, now=now, contracts=self.contracts)
        for batch in all_batches(self.settings):
            self._check(batch)
        for batch in report.new:
            assert all(remark.line for remark in batch.remarks if remark.row and batch.format != "parquet")
        assert not (self.settings.raw / ".incoming").exists()
        self._check_outcomes()
        return report

    def _check(self, batch: Batch) -> None:
        assert batch.rows_in == batch.rows_loaded + batch.rows_quarantined + batch.rows_refused
        rejected = self.quarantined(batch)
        wrong = sum(remark.rows or 0 for remark in batch.remarks if remark.kind == "wrong")
        # A row may be wrong in several ways, and remarks name only some of many unknown words.
        assert (wrong > 0) == bool(rejected)
        assert all(remark.value is None for remark in batch.remarks)
        if batch.status == "refused":
            assert batch.rows_refused == batch.rows_in
            assert batch.reason
            assert quarantine_path(self.settings, batch).stat().st_size == batch.bytes
            assert not batch.path.exists()
            expected = 0 if batch.rejected_share is None else round(batch.rejected_share * batch.rows_in)
            assert len(rejected) == expected
        else:
            assert batch.rows_refused == 0
            assert len(_query("select 1 from read_parquet($1)", str(batch.path))) == batch.rows_loaded
            assert len(rejected) == batch.rows_quarantined
            assert batch.rows_repeated + batch.rows_conflicting <= batch.rows_loaded

    def _check_outcomes(self) -> None:
        """Check that every incoming row has exactly one of the published outcomes."""
        batches = all_batches(self.settings)
        with self.relations() as connection:
            counts = count_rows(lambda query: connection.execute(query).fetchall(), self.contracts, batches)
        for label, outcomes in counts.items():
            mine = [batch for batch in batches if (batch.source, batch.object) == label]
            blank = outcomes.pop("blank")
            assert blank == sum(batch.rows_blank for batch in mine)
            assert min(outcomes.values()) >= 0, (label, outcomes)
            assert sum(outcomes.values()) == sum(batch.rows_in for batch in mine), (label, outcomes)

    def land_one(self, name: str, content: str | bytes) -> Batch:
        self.put(name, content)
        (batch,) = self.land().new
        return batch

    @contextmanager
    def relations(self, policies: ReadingPolicies | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """The raw relations over all accepted batches, with their records."""
        connection = session()
        connection.execute("drop schema if exists raw cascade")
        create_raw_relations(connection, self.contracts, accepted_batches(self.settings), policies)
        create_landing_records(connection, self.settings, self.contracts, all_batches(self.settings))
        yield connection

    def deliver(self, name: str, content: str | bytes, file: str = "a.csv", *, mapping: str = "") -> Batch:
        """Land one file of an object of the source `generic`, with a mapping beside it."""
        self.contracts["generic", name] = _declared()["generic", name]
        folder = self.settings.landing / "generic" / name
        folder.mkdir(parents=True, exist_ok=True)
        if mapping:
            (folder / "mapping.yml").write_text(mapping)
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        (batch,) = self.land().new
        return batch

    def rows(
        self,
        columns: str = "*",
        relation: str = "shop__things",
        policies: ReadingPolicies | None = None,
    ) -> list[tuple[Any, ...]]:
        """Rows of a raw relation over all accepted batches, in load order."""
        with self.relations(policies) as connection:
            return connection.execute(
                f"select {columns} from raw.{relation} order by _loaded_at, _row"
            ).fetchall()

    def quarantined(self, batch: Batch) -> list[tuple[Any, ...]]:
        """Row, column, value and reason of the rejected rows of a file, whether it was refused or not."""
        path = rejected_path(self.settings, batch.source, batch.object, batch.batch_id)
        if not path.exists():
            return []
        return _query("select _row, _column, _value, _reason from read_parquet($1) order by _row", str(path))


def make_case(tmp_path: Path) -> Case:
    settings = Settings(home=tmp_path / "home", landing=tmp_path / "landing", as_of=NOW)
    settings.landing.mkdir()
    return Case(settings, {("shop", "things"): THINGS, ("shop", "others"): OTHERS})


def make_generic(tmp_path: Path) -> Case:
    """A case for objects that the project declares, with the contracts of the delivered objects."""
    case = make_case(tmp_path)
    case.contracts = {}
    return case


@cache
def session() -> duckdb.DuckDBPyConnection:
    """One session for all tests of a process, because opening one takes longer than most queries."""
    connection = _SESSIONS.enter_context(connect())
    hand_over_key(connection, TEST_KEY)
    return connection


_SESSIONS = ExitStack()


@cache
def _declared() -> dict[tuple[str, str], LandingObject]:
    return load_contracts()


def things_csv(rows: int, *more: str, header: str = HEADER) -> str:
    """A CSV file of good rows, followed by the given lines."""
    lines = [f"t{number},1.50,recurring,2024-01-01,ok" for number in range(rows)]
    return "\n".join([header, *lines, *more]) + "\n"


def periods(*rows: tuple[str, str, str]) -> str:
    """A CSV file of periods: subscription, start and end of each."""
    lines = [f"{one},a,USD,100,month,{start},{end}" for one, start, end in rows]
    return "\n".join([f"{PERIODS},period_end", *lines]) + "\n"


def _query(query: str, *values: Any) -> list[tuple[Any, ...]]:
    return session().execute(query, list(values)).fetchall()
