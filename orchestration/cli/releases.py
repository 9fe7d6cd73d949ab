"""Commands for releases: list, audit, publish, roll back, compare, verify, clean up and lock."""

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
    print_json,
)
from orchestration.core.settings import load_settings, require_duckdb

Release = Annotated[str, typer.Argument(help="Id of the release, or the start of it, or `current`.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    for command in (releases, report, audit, publish, rollback, diff, verify, gc, lock):
        app.command()(command)


def releases(home: Home = None, json: Json = False) -> None:
    """List the stored releases. `*` marks the current release; experiments are labelled."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.cli.summary import print_releases
        from orchestration.releases import list_releases

        found = list_releases(settings)
        print_json(found) if json else print_releases(found)


def report(
    release: Release = "current",
    open_: Annotated[bool, typer.Option("--open", help="Open the first page in the browser.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Build the report of a release again with the present code, and name its first page.

    Every release has the report that its run built. That one never changes.
    """
    settings = load_settings(home)
    require_duckdb(settings, "csw report", "Query the marts, or open the schema `marts` with a BI tool.")
    with guarded(settings):
        from orchestration.releases.pages import rebuild_report

        page = rebuild_report(settings, release)
        print_json({"page": str(page)}) if json else typer.echo(f"Report: {page}")
        if open_:
            typer.launch(page.as_uri())


def audit(release: Release = "current", home: Home = None, json: Json = False) -> None:
    """Audit a release again with the current checks. Changes nothing; exit code 3 if it fails."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.cli.summary import print_audit
        from orchestration.releases.acceptance import record_gate
        from orchestration.releases.reaudit import audit_release

        found = audit_release(settings, release)
        if json:
            gate = record_gate(None, found.findings)["findings"]
            document = {**found.report.to_json(), "passed": found.passed, "gate": gate}
            print_json({"release_id": found.release_id, **document})
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
    """Make an audited, unmodified release the current one."""
    settings = load_settings(home)
    accepted = acceptances(accept, accept_schema_change)
    with guarded(settings):
        from orchestration.releases import publish as publish_release
        from orchestration.sharing.customer_alerts import announce

        done = publish_release(settings, release, accept=accepted)
        announce(settings, done.release_id)
        print_json(done) if json else typer.echo(done.message)


def rollback(
    release: Annotated[
        str | None, typer.Argument(help="Id of the release. Default: the previous release.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Point `current` to an older release after checking that its files are intact."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.releases import rollback as roll_back

        done = roll_back(settings, release)
        print_json(done) if json else typer.echo(done.message)


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="Id of a release, or `current`.")],
    after: Annotated[
        str, typer.Argument(metavar="B", help="Id of the other release. Default: `current`.")
    ] = "current",
    home: Home = None,
    json: Json = False,
) -> None:
    """Compare two releases: schema, row counts, MRR and customers by month, restated months."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.cli.summary import print_difference
        from orchestration.releases.difference import compare_releases

        found = compare_releases(settings, before, after)
        print_json(found) if json else print_difference(found)


def verify(
    release: Annotated[
        str | None, typer.Argument(help="Id of the release, or `current`. Default: all releases.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Check the hash of every file in every release. Exit code 1 if a file has changed."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.releases.verify import verify_releases

        found = verify_releases(settings, release)
        if json:
            print_json(found)
        else:
            for one in found:
                typer.echo(f"{'FAIL' if one.problem else 'ok':<5} {one.problem or one.release_id}")
            if not found:
                typer.echo("There is no release yet. `csw run` makes the first one.")
        if any(one.problem for one in found):
            raise typer.Exit(1)


def gc(
    home: Home = None,
    keep: Annotated[int, typer.Option(min=1, help="Number of published releases to keep.")] = 14,
    min_age: Annotated[
        float, typer.Option("--min-age", min=0, help="Keep releases younger than this many days.")
    ] = 7,
    records: Annotated[
        float,
        typer.Option("--records", min=0, help="Keep alerts, logs and files to fix for this many days."),
    ] = 90,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be removed.")] = False,
    json: Json = False,
) -> None:
    """Remove old releases, leftovers of interrupted runs, and old records.

    Never removes the current release, the previous release, or a release that a process on this machine has
    open.
    """
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.core.wording import count
        from orchestration.maintenance import clean_up

        done = clean_up(settings, keep=keep, min_age_days=min_age, record_days=records, dry_run=dry_run)
        if json:
            print_json({"bytes": done.bytes, **vars(done)})
            return
        for one in done.removed:
            typer.echo(f"{'would remove' if dry_run else 'removed'} {one.kind} {one.name}")
        verb = "would be freed" if dry_run else "freed"
        typer.echo(f"{done.bytes / 1e6:,.1f} MB {verb}; {count(len(done.kept), 'release')} kept")


def lock(home: Home = None, json: Json = False) -> None:
    """Show which process is writing to the warehouse, and since when."""
    settings = load_settings(home)
    with guarded(settings):
        from orchestration.core.lock import describe_holder, holder

        found = holder(settings.lock_file)
        if json:
            print_json({"locked": found is not None, "holder": found})
        elif found is None:
            typer.echo("No process is writing to the warehouse.")
        else:
            typer.echo(f"In use by {describe_holder(settings.lock_file)}.")
