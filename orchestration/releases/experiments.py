"""Experiments: releases of what-if runs, which do not become current."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from orchestration.core.errors import PublishError
from orchestration.core.policies import policy_text
from orchestration.core.settings import Settings
from orchestration.releases.history import current_release_id, kept_manifests
from orchestration.releases.manifest import read_manifest


def experiment_reason(settings: Settings) -> str | None:
    """Return why a run with these settings makes an experiment; None if it publishes.

    A run always publishes the first release of a home, and a release with `publish`.
    """
    current = current_release_id(settings)
    if current is None or settings.publish:
        return None
    reasons = []
    if settings.asked_policies:
        chosen = ", ".join(
            f"{name} = {policy_text(settings.policies[name])}" for name in settings.asked_policies
        )
        reasons.append(f"command-line policies: {chosen}")
    if settings.known_at:
        reasons.append(f"only files known at {settings.known_at.isoformat()}")
    elif settings.as_of_is_given and (latest := _as_of(settings, current)) and settings.as_of < latest:
        reasons.append(
            f"as of {settings.as_of.isoformat()}, earlier than {latest.isoformat()} of the current release"
        )
    return "; ".join(reasons) or None


def same_experiment(settings: Settings, fingerprint: str) -> str | None:
    """Return the newest experiment with this fingerprint that was compared with the current release."""
    current = current_release_id(settings)
    made = (
        manifest["release_id"]
        for manifest in kept_manifests(settings)
        if manifest.get("experiment")
        and manifest["fingerprint"] == fingerprint
        and manifest["parent"] == current
    )
    return next(made, None)


def experiment_in_words(settings: Settings, release_id: str, begin: str) -> str:
    """Explain how to read, compare and publish an experiment. `begin` starts the text."""
    reason = read_manifest(settings.releases / release_id)["experiment"]
    return "\n".join(
        [
            f"{begin} ({reason})",
            f"`current` stays {current_release_id(settings)}; readers do not see the experiment.",
            f'  read it:     csw query --release {release_id} "select ..."',
            f"  compare it:  csw diff current {release_id}",
            f"  publish it:  csw publish {release_id}   (or run again with --publish)",
        ]
    )


def _as_of(settings: Settings, release_id: str) -> datetime | None:
    with suppress(PublishError):
        return datetime.fromisoformat(read_manifest(settings.releases / release_id)["as_of"])
    return None
