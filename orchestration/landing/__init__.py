"""Landing: turn files of the landing folder into typed, immutable Parquet batches, or refuse them."""

from orchestration.landing.batches import (
    Batch,
    accepted_batches,
    all_batches,
    batch_of,
    facts_of,
    known_batches,
    quarantine_path,
    recorded_batches,
)
from orchestration.landing.files import IgnoredFile, LandingFile
from orchestration.landing.loader import gone_files, land, pending_files
from orchestration.landing.reading_policies import ReadingPolicies
from orchestration.landing.records import create_landing_records
from orchestration.landing.relations import create_raw_relations
from orchestration.landing.report import LandingReport
from orchestration.landing.withdrawals import withdrawn_batches

__all__ = [
    "Batch",
    "IgnoredFile",
    "LandingFile",
    "LandingReport",
    "ReadingPolicies",
    "accepted_batches",
    "all_batches",
    "batch_of",
    "create_landing_records",
    "create_raw_relations",
    "facts_of",
    "gone_files",
    "known_batches",
    "land",
    "pending_files",
    "quarantine_path",
    "recorded_batches",
    "withdrawn_batches",
]
