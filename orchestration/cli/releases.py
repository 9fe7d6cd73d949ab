"""The commands on releases: list, audit, publish, roll back, compare, verify, clean up; and who writes."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli.common import (
    Accept,
    AcceptSchemaChange,
    Home,
    Json,
    acceptances,
    guarded,
    say,
)
from orchestration.core.settings import load_settings

Release = Annotated[str, typer.Argument(help="Id of the release, or its beginning, or `current`.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    for command in (releases, audit, publish, rollback, diff, verify, gc, lock):
        app.command()(command)


def releases(home: Home = None, json: Json = False) -> None:
    """List the releases that are kept; * marks the current one, and experiments are named as such."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.cli.summary import print_releases
        from orchestration.releases import list_releases

        found = list_releases(settings)
        say(found) if json else print_releases(found)


def audit(release: Release = "current", home: Home = None, json: Json = False) -> None:
    """Audit a release again, by the checks declared now. Changes nothing; ends with 3 if it fails."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.cli.summary import print_audit
        from orchestration.releases.acceptance import record_gate
        from orchestration.releases.reaudit import audit_release

        found = audit_release(settings, release)
        if json:
            gate = record_gate(None, found.findings)["findings"]
            document = {**found.report.to_json(), "passed": found.passed, "gate": gate}
            say({"release_id": found.release_id, **document})
        else:
            print_audit(found)
        if not found.passed:
            raise typer.Exit(3)


def publish(
    release: Release,
    home: Home = None,
    accept: Accept = None,
    accept_schema_change: AcceptSchemaChange = False,
    json: Json = False,
) -> None:
    """Make an existing release the current one, if it passed its audit and nobody touched it since."""
    settings = load_settings(home)
    accepted = acceptances(accept, accept_schema_change)
    with guarded(settings):
        from orchestration.releases import publish as publish_release

        done = publish_release(settings, release, accept=accepted)
        say(done) if json else typer.echo(done.message)


def rollback(
    release: Annotated[
        str | None, typer.Argument(help="Id of the release. Default: the one before the current.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Point `current` at an older release, after checking that its files are intact."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.releases import rollback as roll_back

        done = roll_back(settings, release)
        say(done) if json else typer.echo(done.message)


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="Id of a release, or `current`.")],
    after: Annotated[
        str, typer.Argument(metavar="B", help="Id of the release to compare it with.")
    ] = "current",
    home: Home = None,
    json: Json = False,
) -> None:
    """What B says otherwise than A: schema, row counts, MRR and customers by month, restated months."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.cli.summary import print_difference
        from orchestration.releases.difference import compare_releases

        found = compare_releases(settings, before, after)
        say(found) if json else print_difference(found)


def verify(
    release: Annotated[
        str | None, typer.Argument(help="Id of the release, or `current`. Default: all.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Hash every file of every release again; ends with 1 if one is not as it was recorded."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.releases.verify import verify_releases

        found = verify_releases(settings, release)
        if json:
            say(found)
        else:
            for one in found:
                typer.echo(f"{'FAIL' if one.problem else 'ok':<5} {one.problem or one.release_id}")
            if not found:
                typer.echo("There is no release yet. `csw run` makes the first one.")
        if any(one.problem for one in found):
            raise typer.Exit(1)


def gc(
    home: Home = None,
    keep: Annotated[int, typer.Option(min=1, help="Published releases to keep.")] = 14,
    min_age: Annotated[
        float, typer.Option("--min-age", min=0, help="Keep releases younger than this many days.")
    ] = 7,
    records: Annotated[
        float,
        typer.Option("--records", min=0, help="Keep alerts, logs and files to mend for this many days."),
    ] = 90,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    json: Json = False,
) -> None:
    """Remove old releases, leftovers of runs that ended early, and old records.

    The current release, the one before it and one that a process of this machine has open always stay.
    """
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.maintenance import clean_up

        done = clean_up(settings, keep=keep, min_age_days=min_age, record_days=records, dry_run=dry_run)
        if json:
            say({"bytes": done.bytes, **vars(done)})
            return
        for one in done.removed:
            typer.echo(f"{'would remove' if dry_run else 'removed'} {one.kind} {one.name}")
        verb = "would be freed" if dry_run else "freed"
        typer.echo(f"{done.bytes / 1e6:,.1f} MB {verb}; {len(done.kept)} releases stay")


def lock(home: Home = None, json: Json = False) -> None:
    """Say who is writing to the warehouse, and since when."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.core.lock import describe_holder, holder

        found = holder(settings.lock_file)
        if json:
            say({"locked": found is not None, "holder": found})
        elif found is None:
            typer.echo("Nobody is writing to the warehouse.")
        else:
            typer.echo(f"In use by {describe_holder(settings.lock_file)}.")
