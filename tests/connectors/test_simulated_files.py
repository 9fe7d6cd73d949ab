"""The files of simulated systems say the same in every format."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.core.settings import load_settings
from orchestration.landing import land
from simulator import files, simulate
from simulator.vendors import SYSTEMS

pytestmark = pytest.mark.integration

OF_THE_BATCH = {"_batch_id", "_loaded_at", "_line"}


def test_large_objects_land_as_small_ones_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, limit in (("lines", 1_000_000), ("parquet", 50)):
        monkeypatch.setattr(files, "PARQUET_ABOVE_ROWS", limit)
        settings = load_settings(tmp_path / name, as_of="2026-01-01", environment={})
        settings.landing.mkdir(parents=True)
        (settings.home / ".hash_key").write_text("a" * 64)
        report = simulate(60, 24, 7, settings.landing, systems=tuple(SYSTEMS), usage_months=1)
        endings = {Path(path).suffix for path in report.rows if not path.startswith("generic/")}
        assert (".parquet" in endings) == (name == "parquet")
        assert [batch.reason for batch in land(settings).new if batch.status == "refused"] == []
    connection = duckdb.connect()
    folder = tmp_path / "lines" / "raw"
    objects = {path.parent.relative_to(folder) for path in folder.glob("*/*/*.parquet")}
    assert {path.parts[0] for path in objects} == {"generic", *SYSTEMS}
    for path in objects:
        lines, large = (f"'{tmp_path}/{name}/raw/{path}/*.parquet'" for name in ("lines", "parquet"))
        names = {row[0] for row in connection.execute(f"describe from {lines}").fetchall()}
        columns = ", ".join(f'"{name}"' for name in sorted(names - OF_THE_BATCH))
        for one, other in ((lines, large), (large, lines)):
            query = f"select {columns} from {one} except all select {columns} from {other}"
            assert connection.execute(query).fetchall() == [], path
