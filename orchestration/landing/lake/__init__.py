"""Landing from a lake: tables of Spark's catalog become raw relations, without a copy in this process."""

from orchestration.landing.lake.batches import read_tables
from orchestration.landing.lake.relations import create_lake_relations

__all__ = ["create_lake_relations", "read_tables"]
