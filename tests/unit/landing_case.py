"""A small contract and a landing folder to try it on; every pass is checked for its counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.contract import Column, LandingObject
from orchestration.landing import (
    Batch,
    LandingReport,
    accepted_batches,
    all_batches,
    create_raw_relations,
    land,
    quarantine_path,
)
from orchestration.settings import Settings
from orchestration.warehouse import connect

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
        """One landing pass; the counts of every record on file must add up, and agree with the files."""
        report = land(self.settings, now=now, contracts=self.contracts)
        for batch in all_batches(self.settings):
            assert batch.rows_in == batch.rows_loaded + batch.rows_quarantined + batch.rows_refused
            if batch.status == "refused":
                assert batch.rows_refused == batch.rows_in
                assert batch.reason
                assert quarantine_path(self.settings, batch).stat().st_size == batch.bytes
                assert not batch.path.exists()
            else:
                assert batch.rows_refused == 0
                assert len(_query("select * from read_parquet($1)", str(batch.path))) == batch.rows_loaded
                assert len(self.quarantined(batch)) == batch.rows_quarantined
        assert not (self.settings.raw / ".incoming").exists()
        return report

    def land_one(self, name: str, content: str | bytes) -> Batch:
        self.put(name, content)
        (batch,) = self.land().new
        return batch

    def rows(self, columns: str = "*", relation: str = "shop__things") -> list[tuple[Any, ...]]:
        """Rows of a raw relation over all accepted batches, in load order."""
        with connect() as connection:
            create_raw_relations(connection, self.contracts, accepted_batches(self.settings))
            return connection.execute(
                f"select {columns} from raw.{relation} order by _loaded_at, _row"
            ).fetchall()

    def quarantined(self, batch: Batch) -> list[tuple[Any, ...]]:
        path = quarantine_path(self.settings, batch)
        if not path.exists():
            return []
        return _query("select _row, _column, _value, _reason from read_parquet($1) order by _row", str(path))


def make_case(tmp_path: Path) -> Case:
    settings = Settings(home=tmp_path / "home", landing=tmp_path / "landing", as_of=NOW)
    settings.landing.mkdir()
    return Case(settings, {("shop", "things"): THINGS, ("shop", "others"): OTHERS})


def things_csv(rows: int, *more: str, header: str = HEADER) -> str:
    """A CSV file of good rows, then the lines given."""
    lines = [f"t{number},1.50,recurring,2024-01-01,ok" for number in range(rows)]
    return "\n".join([header, *lines, *more]) + "\n"


def _query(query: str, *values: Any) -> list[tuple[Any, ...]]:
    return duckdb.execute(query, list(values)).fetchall()
