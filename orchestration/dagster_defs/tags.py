"""Tags by which Dagster's pages list and filter runs."""

from __future__ import annotations

from collections.abc import Mapping

from orchestration.core.policies import policy_text
from orchestration.releases.candidate import Candidate

PURPOSE_TAG = "csw/purpose"
AS_OF_TAG = "csw/as_of"
POLICIES_TAG = "csw/policies"
RELEASE_TAG = "csw/release_id"


def run_tags(candidate: Candidate, known: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a run that has landed. `known` are its tags, such as those of the run it repeats."""
    noted = candidate.noted("as_of")
    purpose = "replay" if noted["known_at"] else "experiment" if noted["experiment"] else "run"
    tags = {PURPOSE_TAG: purpose, AS_OF_TAG: noted["as_of"]}
    policies = " ".join(f"{name}={policy_text(value)}" for name, value in sorted(noted["policies"].items()))
    if policies or POLICIES_TAG in known:
        tags[POLICIES_TAG] = policies or "defaults"
    return tags
