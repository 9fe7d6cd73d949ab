"""Terminal output of `csw dev`: what dbt built, rows of the model, and its changes against the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from orchestration.cli.tables import print_result
from orchestration.core.wording import count

MODELS_LISTED = 5

if TYPE_CHECKING:
    from orchestration.development.comparison import Changes
    from orchestration.development.loop import Development


def print_development(done: Development) -> None:
    """Print the result of `csw dev`."""
    tests = sum(node.kind == "test" for node in done.result.nodes)
    others = [name for name in done.built if name != done.model]
    listed = ", ".join(others) if len(others) <= MODELS_LISTED else count(len(others), "model")
    after = f" after {listed}" if others else ""
    typer.echo(
        f"{done.model}: {count(done.count, 'row')}, built{after} in {done.result.seconds:.1f} s; "
        f"{count(tests, 'data test')} passed\n"
    )
    if done.rows.rows:
        print_result(done.rows, has_formats=False)
        typer.echo("")
    if done.changes is None:
        typer.echo(f"Release {done.release_id} does not have this model.")
    elif done.changes.is_equal:
        typer.echo(f"No change against release {done.release_id}.")
    else:
        _print_changes(done.release_id, done.changes)


def _print_changes(release_id: str, changes: Changes) -> None:
    typer.echo(f"Against release {release_id}, which has {count(changes.rows_before, 'row')}:")
    for word, columns in (("new", changes.columns_added), ("removed", changes.columns_removed)):
        if columns:
            typer.echo(f"  {word} columns: {', '.join(columns)}")
    typer.echo(
        f"  rows: {changes.rows_added:,} added, {changes.rows_removed:,} removed, "
        f"{changes.rows_changed:,} changed"
    )
    for name, rows in changes.changed:
        typer.echo(f"  {name}: changed in {count(rows, 'row')}")
    if changes.values is not None:
        typer.echo("")
        print_result(changes.values, has_formats=False)
