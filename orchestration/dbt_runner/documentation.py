"""The documentation of the models: dbt's static page with the parsed project and the built columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.core.database import connect, quote_literal
from orchestration.core.serialization import script_json

DOCUMENTATION_FILE = "index.html"

_CATALOG_SCHEMA = "https://schemas.getdbt.com/dbt/catalog/v1.json"

_COLUMNS = """
select schema_name, table_name, column_name, data_type, comment
from duckdb_columns()
where database_name = 'warehouse' and not internal
order by schema_name, table_name, column_index
"""

Relations = Mapping[tuple[str, str], Sequence[tuple[str, str, str | None]]]
"""Name, type and description of the columns of built relations, by schema and name."""


def built_relations(warehouse: Path) -> Relations:
    """Return the relations of a build database."""
    relations: dict[tuple[str, str], list[tuple[str, str, str | None]]] = {}
    with connect() as connection:
        connection.execute(f"attach {quote_literal(warehouse)} as warehouse (read_only)")
        for schema, table, *column in connection.execute(_COLUMNS).fetchall():
            relations.setdefault((schema, table), []).append((column[0], column[1], column[2]))
    return relations


def write_documentation(manifest: Path, relations: Relations, folder: Path) -> Path:
    """Write dbt's static documentation page of the project in `manifest` to `folder`; return its path.

    The result is that of `dbt docs generate --static --no-compile`, without the seconds of a start of dbt.
    The page contains no path of this machine and sends no usage statistics.
    """
    from dbt.task.docs import DOCS_INDEX_FILE_PATH

    project = json.loads(manifest.read_text(encoding="utf-8"))
    project["metadata"].update(send_anonymous_usage_stats=False, user_id=None, project_id=None)
    for node in project["nodes"].values():
        node.pop("root_path", None)
    page = Path(DOCS_INDEX_FILE_PATH).read_text(encoding="utf-8")
    page = page.replace('"MANIFEST.JSON INLINE DATA"', script_json(project))
    page = page.replace('"CATALOG.JSON INLINE DATA"', script_json(_catalog(project, relations)))
    folder.mkdir(parents=True)
    path = folder / DOCUMENTATION_FILE
    path.write_text(page, encoding="utf-8")
    return path


def _catalog(project: dict[str, Any], relations: Relations) -> dict[str, Any]:
    """Return the columns of the built relations, in the form of dbt's catalog."""
    found: dict[str, dict[str, Any]] = {"nodes": {}, "sources": {}}
    for group, entries in found.items():
        for unique_id, node in project[group].items():
            name = node.get("alias") or node.get("identifier") or node["name"]
            if columns := relations.get((node.get("schema", ""), name)):
                metadata = {
                    "type": str(node.get("config", {}).get("materialized", "table")),
                    "database": "warehouse",
                    "schema": node["schema"],
                    "name": name,
                    "comment": None,
                    "owner": None,
                }
                entries[unique_id] = {
                    "unique_id": unique_id,
                    "metadata": metadata,
                    "columns": {
                        column: {"name": column, "type": kind, "index": place, "comment": text}
                        for place, (column, kind, text) in enumerate(columns, start=1)
                    },
                    "stats": {},
                }
    return {"metadata": {"dbt_schema_version": _CATALOG_SCHEMA}, "errors": None, **found}
