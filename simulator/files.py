"""Write landing files and truth into a hidden folder, then move them to their places.

An object with more than 200,000 rows becomes Parquet. Any other becomes JSON Lines if it is one of a vendor's
API, or else CSV. Messy plain files are always CSV.
One thread writes, in a fixed order, so that the same company gives the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb

from orchestration.core.database import quote_literal
from orchestration.core.errors import SettingsError
from orchestration.core.settings import SIMULATION
from simulator.clock import Calendar, IntArray
from simulator.expressions import ORDER, account_id, array, create, date_of
from simulator.messy import make_messy, messy_select, older_accounts, spoil
from simulator.money_tables import contract_id
from simulator.tables import PARQUET_OPTIONS, columns_of, export_name
from simulator.truth import OUTCOMES, Truth
from simulator.vendors import EVERYTHING, SYSTEMS, kept, write_objects

SOURCE = "generic"
TRUTH = SIMULATION.parent.name
WORK = "_simulating"

PARQUET_ABOVE_ROWS = 200_000
CSV_OPTIONS = "format csv, header true, delimiter ','"


def check_out(out: Path) -> None:
    """Check that `out` contains only files of an earlier simulation.

    Raises SettingsError if a simulation would overwrite a file that the simulator did not write.
    """
    if out.exists() and not out.is_dir():
        raise SettingsError(f"--out {out} is a file. Give a folder for the landing files.")
    record = out / SIMULATION
    known = json.loads(record.read_text(encoding="utf-8"))["files"] if record.is_file() else {}
    for path in _present_files(out):
        name = path.relative_to(out).as_posix()
        if path == record:
            continue
        if name not in known:
            raise SettingsError(
                f"--out {out} already contains {name}, which the simulator did not write. Choose an empty "
                "folder, or move your files away first."
            )
        if _digest(path) != known[name]:
            raise SettingsError(
                f"--out {out} contains {name}, which was changed after the simulation. Choose an empty "
                "folder, or delete the simulated files first."
            )


def write_landing(
    connection: duckdb.DuckDBPyConnection,
    work: Path,
    objects: Sequence[str],
    until: date,
    *,
    is_messy: bool,
    systems: Sequence[str] = (),
) -> dict[str, int]:
    """Write the landing tables of `objects` into `work`, as files of the systems where they hold its rows.

    Returns the rows per file, by relative path.
    """
    rows = write_objects(
        connection,
        work,
        export_name(until),
        systems,
        until.isoformat(),
        is_messy=is_messy,
        parquet_above=PARQUET_ABOVE_ROWS,
    )
    for table in objects:
        condition = kept(systems, table)
        if condition != EVERYTHING:
            if not _count(connection, f"{table} where {condition}"):
                continue
            connection.execute(f"delete from {table} where not ({condition})")
        folder = work / SOURCE / table
        folder.mkdir(parents=True)
        target = folder / export_name(until)
        if is_messy:
            rows |= _messy(connection, work, folder, table, until)
        else:
            rows |= _plain(connection, work, target, table)
    return rows


def write_truth(
    connection: duckdb.DuckDBPyConnection,
    work: Path,
    truth: Truth,
    renewals: Mapping[str, IntArray],
    calendar: Calendar,
    systems: Sequence[str] = (),
    *,
    has_voices: bool = True,
) -> None:
    """Write the money and the voices as they truly were, and the truth of the systems, into `work`."""
    folder = work / TRUTH
    folder.mkdir(parents=True)
    for name, values in (("movements", truth.movements), ("monthly", truth.monthly)):
        columns = [_truth_column(column) for column in values]
        arrays = {**values, "month": calendar.month_starts[values["month"]]}
        select = f"select {', '.join(columns)} from numbers order by {ORDER}"
        create(connection, f"truth_{name}", arrays, select)
    select = f"""
        select {contract_id("number")} as contract_id, {account_id("account")} as account_id,
            {date_of("due")} as due_on, {array(OUTCOMES)}[outcome + 1] as outcome,
            {_mrr("due_amount")} as due_amount,
            case when renewed_amount >= 0 then {_mrr("renewed_amount")} end as renewed_amount
        from numbers order by {ORDER}
    """
    create(connection, "truth_renewals", renewals, select)
    names = ["movements", "monthly", "renewals", *(["voices"] if has_voices else [])]
    queries = {name: f"from truth_{name}" for name in names}
    for system in systems:
        queries |= SYSTEMS[system].truth
    for name, query in queries.items():
        target = folder / f"{name}.parquet"
        connection.execute(f"copy ({query}) to {quote_literal(target)} ({PARQUET_OPTIONS})")


def put_in_place(work: Path, out: Path, arguments: Mapping[str, object]) -> list[str]:
    """Replace the files of an earlier simulation in `out` with the files in `work`; return relative paths."""
    made = {path.relative_to(work).as_posix(): _digest(path) for path in _present_files(work)}
    for path in _present_files(out):
        path.unlink()
    record = work / SIMULATION
    text = json.dumps({"arguments": arguments, "files": made}, indent=2)
    record.write_text(text + "\n", encoding="utf-8")
    for name in [*made, SIMULATION.as_posix()]:
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (work / name).replace(target)
    shutil.rmtree(work)
    return list(made)


def _plain(connection: duckdb.DuckDBPyConnection, work: Path, target: Path, table: str) -> dict[str, int]:
    count = _count(connection, table)
    is_large = count > PARQUET_ABOVE_ROWS
    path = target.with_name(target.name + (".parquet" if is_large else ".csv"))
    names = ", ".join(f'"{name}"' for name in columns_of(connection, table))
    options = PARQUET_OPTIONS if is_large else CSV_OPTIONS
    # Tables are in this order already, and sorting the largest ones would take most of the time.
    order = "" if is_large else f" order by {ORDER}"
    connection.execute(f"copy (select {names} from {table}{order}) to {quote_literal(path)} ({options})")
    return {path.relative_to(work).as_posix(): count}


def _messy(
    connection: duckdb.DuckDBPyConnection, work: Path, folder: Path, table: str, until: date
) -> dict[str, int]:
    """Write a messy export. There is an earlier one of accounts and of usage events too."""
    earlier, rows = until - timedelta(days=92), "true"
    files: dict[str, int] = {}
    if table == "accounts":
        older = older_accounts(connection, earlier.isoformat())
        if _count(connection, older):
            files |= _messy_csv(connection, work, folder / export_name(earlier), older)
    spoil(connection, table, earlier.isoformat(), until.isoformat())
    messy = make_messy(connection, table)
    if table == "usage_events":
        # Rows that are late, or copies, have higher numbers and follow with the later export.
        first = f"occurred_at >= timestamp '{earlier.isoformat()}'"
        found = connection.execute(f"select min({ORDER}) from {table} where {first}").fetchall()[0][0]
        if found:
            files |= _messy_csv(connection, work, folder / export_name(earlier), messy, f"{ORDER} < {found}")
            rows = f"{ORDER} >= {found}"
    return files | _messy_csv(connection, work, folder / export_name(until), messy, rows)


def _messy_csv(
    connection: duckdb.DuckDBPyConnection, work: Path, target: Path, messy: str, rows: str = "true"
) -> dict[str, int]:
    path = target.with_name(target.name + ".csv")
    unix = path.with_suffix(".unix")
    query = messy_select(connection, messy, rows)
    connection.execute(f"copy ({query}) to {quote_literal(unix)} ({CSV_OPTIONS})")
    with unix.open("rb") as source, path.open("wb") as sink:
        sink.write(b"\xef\xbb\xbf")
        while block := source.read(1 << 24):
            sink.write(block.replace(b"\n", b"\r\n"))
    unix.unlink()
    return {path.relative_to(work).as_posix(): _count(connection, f"{messy} where {rows}")}


def _truth_column(name: str) -> str:
    if name == "account":
        return f"{account_id('account')} as account_id"
    if name == "month":
        return f"{date_of('month')} as month"
    if name.endswith("_mrr"):
        return f"{_mrr(name)} as {name}"
    return name


def _mrr(units: str) -> str:
    """Return SQL that converts ten-thousandths to money."""
    return f"({units}::decimal(18, 0) * 0.0001::decimal(4, 4))::decimal(18, 4)"


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])


def _present_files(folder: Path) -> list[Path]:
    """Return the files in `folder`, without hidden files and files of an interrupted simulation."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") or part == WORK for part in path.relative_to(folder).parts)
    ]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
