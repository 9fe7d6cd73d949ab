"""Check whether a delivery is complete, plausible and new."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from orchestration.core.errors import LandingError, PublishError
from orchestration.core.settings import Settings
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.landing import Batch, known_batches
from orchestration.landing.delivery import check_delivery, describe_missing, missing_objects
from orchestration.releases.experiments import experiment_in_words, experiment_reason, same_experiment
from orchestration.releases.fingerprint import code_version, run_fingerprint
from orchestration.releases.history import current_manifest, rolled_back_release_id
from orchestration.releases.manifest import read_manifest

log = logging.getLogger("csw")


def nothing_new(settings: Settings, batches: Iterable[Batch]) -> str | None:
    """Return why a run on these batches would change nothing; None if it would make a new release."""
    fingerprint = run_fingerprint(settings, code_version(), (batch.batch_id for batch in batches))
    manifest = current_manifest(settings)
    if manifest and manifest["fingerprint"] == fingerprint:
        return f"nothing new since release {manifest['release_id']} (published {manifest['created_at']})"
    if experiment_reason(settings):
        made = same_experiment(settings, fingerprint)
        same = f"nothing new since the identical experiment {made}"
        return experiment_in_words(settings, made, same) if made else None
    rolled_back = rolled_back_release_id(settings)
    if rolled_back and _fingerprint(settings, rolled_back) == fingerprint:
        return f"nothing new since release {rolled_back}, which you rolled back; --force builds it again"
    return None


def experiment_id(settings: Settings, batches: Iterable[Batch]) -> str | None:
    """Return the newest experiment with these settings and batches that follows the current release."""
    return same_experiment(
        settings, run_fingerprint(settings, code_version(), (batch.batch_id for batch in batches))
    )


def check_batches(settings: Settings, batches: Sequence[Batch], *, are_new: bool) -> None:
    """Log the warnings about a new delivery. Raises LandingError if a problem stops the run."""
    notices = check_delivery(settings, load_contracts(), batches)
    for notice in notices:
        if are_new and notice.level != "stops":
            log.log(logging.INFO if notice.level == "note" else logging.WARNING, "%s", notice.text)
    if stops := [notice.sentence for notice in notices if notice.level == "stops"]:
        raise LandingError("\n".join(stops))


def require_objects(settings: Settings, batches: Sequence[Batch]) -> None:
    """Raise LandingError if a required object has no accepted file."""
    missing = missing_objects(load_contracts(), batches)
    if not missing:
        return
    message = "\n".join(f"{describe_missing(settings, contract)}." for contract in missing)
    message += "\nThe lines above explain refused and ignored files; `csw doctor` repeats them."
    withdrawn = [
        batch.label
        for batch in known_batches(settings)
        if batch.status == "withdrawn"
        and (batch.source, batch.object) in {(one.source, one.name) for one in missing}
    ]
    if withdrawn:
        message += f" These files are withdrawn and do not count: {', '.join(withdrawn)}."
    raise LandingError(message)


def landing_counts(batches: Sequence[Batch]) -> dict[str, dict[str, int]]:
    """Count batches and rows by object for the manifest."""
    counts: dict[str, dict[str, int]] = {}
    for batch in batches:
        entry = counts.setdefault(
            f"{batch.source}/{batch.object}",
            {"batches": 0, "rows_in": 0, "rows_loaded": 0, "rows_quarantined": 0},
        )
        entry["batches"] += 1
        entry["rows_in"] += batch.rows_in
        entry["rows_loaded"] += batch.rows_loaded
        entry["rows_quarantined"] += batch.rows_quarantined
    return counts


def newest_deliveries(batches: Iterable[Batch]) -> dict[str, str]:
    """Return the time of the latest delivery of each object."""
    newest: dict[str, datetime] = {}
    for batch in batches:
        label = f"{batch.source}/{batch.object}"
        newest[label] = max(batch.loaded_at, newest.get(label, batch.loaded_at))
    return {label: moment.isoformat() for label, moment in newest.items()}


def _fingerprint(settings: Settings, release_id: str) -> str | None:
    try:
        found: str = read_manifest(settings.releases / release_id)["fingerprint"]
    except PublishError:
        return None
    return found
