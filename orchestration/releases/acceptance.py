"""Gate findings of a release, their acceptance by a person, and the permission to publish."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from orchestration.core.errors import AuditError, PublishError, SettingsError
from orchestration.core.relations import Relations
from orchestration.core.settings import Settings
from orchestration.core.spelling import did_you_mean
from orchestration.core.users import user_name
from orchestration.quality.gate import FAMILIES, Finding, evaluate
from orchestration.quality.limits import load_limits
from orchestration.quality.profile import ReleaseProfile, profile_release
from orchestration.releases.history import history
from orchestration.releases.manifest import read_manifest
from orchestration.releases.store import store_of

log = logging.getLogger("csw")

LASTING = frozenset({"personal"})
"""Families of findings whose acceptance also applies to later releases."""

SCHEMA_REASON = "the schema changes on purpose"

Gate = dict[str, Any]
"""The gate's record in a manifest: previous (a release id or None), verdicts (counts), findings, and accepted
(name, reason, by, at)."""


def parse_acceptances(pairs: Iterable[str], *, schema_change: bool = False) -> dict[str, str]:
    """Parse `name: reason` pairs.

    Raises SettingsError for a missing name, a missing reason, or a name that no finding can have.
    """
    accepted = {"schema": SCHEMA_REASON} if schema_change else {}
    for pair in pairs:
        name, _, reason = (part.strip() for part in pair.partition(":"))
        if not name or not reason:
            raise SettingsError(
                f'--accept {pair!r} does not have the form "name: reason", such as '
                '"closing_mrr: two resellers joined".'
            )
        family = name.partition(".")[0]
        if family not in FAMILIES:
            raise SettingsError(
                f"--accept {pair!r}: there is no finding {name!r}.{did_you_mean(family, FAMILIES)} "
                f"Use one of {', '.join(FAMILIES)}, alone or as <name>.<place>, such as rows.mrr_monthly."
            )
        accepted[name] = reason
    return accepted


def inspect_release(
    settings: Settings, marts: Relations, record: Mapping[str, Any], previous: str | None
) -> list[Finding]:
    """Profile a release and the previous release, and evaluate them against the current limits."""
    limits = load_limits()
    release = profile_release(marts, record, limits.events)
    return evaluate(release, _profile_of(settings, previous, limits.events), limits)


def record_gate(previous: str | None, findings: Sequence[Finding], accepted: Sequence[Any] = ()) -> Gate:
    """Return the findings in the manifest's format."""
    verdicts: dict[str, int] = {"passed": 0, "warning": 0, "failed": 0, "error": 0}
    for finding in findings:
        verdicts[finding.verdict] += 1
    return {
        "previous": previous,
        "verdicts": verdicts,
        "findings": [{**asdict(finding), "message": finding.message} for finding in findings],
        "accepted": list(accepted),
    }


def recorded_findings(gate: Mapping[str, Any]) -> list[Finding]:
    """Return the findings of a manifest's record."""
    return [
        Finding(**{name: value for name, value in found.items() if name != "message"})
        for found in gate["findings"]
    ]


def refuse_rule_breaches(release_id: str, findings: Iterable[Finding]) -> None:
    """Raise AuditError for findings that cannot be accepted."""
    broken = [finding for finding in findings if finding.is_blocking and not finding.acceptable]
    if broken:
        lines = [f"Release {release_id} did not pass the gate. Nothing was published."]
        raise AuditError("\n".join([*lines, *(f"  {finding.message}" for finding in broken[:10])]))


def pass_gate(
    settings: Settings, manifest: Mapping[str, Any], previous: str | None, accept: Mapping[str, str]
) -> Gate:
    """Evaluate a release again against the previous release, and return the gate's record.

    The findings from the time of the run count as well. Raises AuditError for a broken rule, and for a broken
    limit without acceptance. The message then contains the command that accepts it.
    """
    release_id = manifest["release_id"]
    gate = manifest.get("gate")
    if gate is None:
        raise AuditError(f"Release {release_id} never passed the gate. Run again to make a new release.")
    with store_of(settings).open_marts(settings, settings.releases / release_id) as marts:
        fresh = inspect_release(settings, marts, manifest, previous)
    names = {finding.name for finding in fresh}
    findings = [*fresh, *(one for one in recorded_findings(gate) if one.name not in names)]
    refuse_rule_breaches(release_id, findings)
    accepted = [*gate["accepted"], *_new_acceptances(findings, gate["accepted"], accept)]
    _refuse_unaccepted(release_id, findings, accepted)
    return record_gate(previous, findings, accepted)


def waiting_findings(gate: Mapping[str, Any] | None) -> list[Finding]:
    """Return the recorded findings that block and are not accepted."""
    if gate is None:  # a release from before the gate has only an audit
        return []
    return _waiting(recorded_findings(gate), gate["accepted"])


def verify_acceptances(manifest: Mapping[str, Any]) -> None:
    """Raise AuditError if a recorded finding still waits for acceptance."""
    waiting = waiting_findings(manifest.get("gate"))
    refuse_rule_breaches(manifest["release_id"], waiting)
    _refuse_unaccepted(manifest["release_id"], waiting, ())


def accept_findings(
    settings: Settings, findings: Sequence[Finding], parent: str | None
) -> list[dict[str, str]]:
    """Return the acceptances of findings that need one: from this run, and the lasting ones of `parent`.

    For instance, the acceptance that a text is not a person's name applies to later releases too.
    """
    lasting: list[dict[str, str]] = []
    with suppress(PublishError):
        gate = read_manifest(settings.releases / parent)["gate"] if parent else {"accepted": ()}
        lasting = [entry for entry in gate["accepted"] if entry["name"].partition(".")[0] in LASTING]
    kept = [entry for entry in lasting if any(_is_accepted(one, [entry]) for one in findings)]
    return [*kept, *_new_acceptances(findings, kept, settings.accept)]


def _profile_of(settings: Settings, release_id: str | None, events: Iterable[str]) -> ReleaseProfile | None:
    if release_id is None:
        return None
    compared = _newest_whole(settings, release_id)
    if compared != release_id:
        # Only a forced run gets here, because other runs stop at a lost release.
        log.warning(
            "gate  release %s is missing or damaged; compared with %s", release_id, compared or "no release"
        )
    if compared is None:
        return None
    folder = settings.releases / compared
    with store_of(settings).open_copy(settings, folder) as marts:
        return profile_release(marts, read_manifest(folder), events)


def _newest_whole(settings: Settings, release_id: str) -> str | None:
    """Return the release, or the latest intact published release if it is lost; None if there is none."""
    published = [entry["release_id"] for entry in reversed(history(settings))]
    for one in dict.fromkeys([release_id, *published]):
        with suppress(PublishError):
            read_manifest(settings.releases / one)
            if store_of(settings).has_marts(settings, settings.releases / one):
                return str(one)
    return None


def _new_acceptances(
    findings: Iterable[Finding], before: Iterable[Mapping[str, str]], accept: Mapping[str, str]
) -> list[dict[str, str]]:
    waiting = _waiting(findings, before)
    new = []
    for name, reason in accept.items():
        entry = {"name": name, "reason": reason}
        if any(_is_accepted(finding, [entry]) for finding in waiting):
            now = datetime.now(UTC).isoformat(timespec="seconds")
            new.append({**entry, "by": user_name(), "at": now})
        else:
            log.warning("--accept %s: no finding of this name needs acceptance", name)
    return new


def _waiting(findings: Iterable[Finding], accepted: Iterable[Mapping[str, str]]) -> list[Finding]:
    entries = list(accepted)
    return [one for one in findings if one.is_blocking and not _is_accepted(one, entries)]


def _is_accepted(finding: Finding, accepted: Iterable[Mapping[str, str]]) -> bool:
    return finding.acceptable and any(entry["name"] in (finding.name, finding.family) for entry in accepted)


def _refuse_unaccepted(
    release_id: str, findings: Iterable[Finding], accepted: Iterable[Mapping[str, str]]
) -> None:
    waiting = _waiting(findings, accepted)
    if waiting:
        families = Counter(finding.family for finding in waiting)
        names = [one.family if families[one.family] > 1 else one.name for one in waiting]
        options = " ".join(f'--accept "{name}: <reason>"' for name in list(dict.fromkeys(names))[:5])
        lines = [
            f"Release {release_id} differs more than the limits allow. It is stored but not published.",
            *(f"  {finding.message}" for finding in waiting[:10]),
            f"If the changes are right, run: csw publish {release_id} {options}",
        ]
        raise AuditError("\n".join(lines))
