"""The key of the pseudonyms in a session: a temporary view, so that no table, file or statement has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.dbt_runner.pseudonyms import load_hash_key
from orchestration.spark.translations import KEY_RELATION

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def hand_over_key(session: SparkSession, home: Path) -> None:
    """Create KEY_RELATION, whose only row has the key of a warehouse in the column `hash_key`."""
    key = load_hash_key(home).decode()
    session.createDataFrame([(key,)], "hash_key string").createOrReplaceTempView(KEY_RELATION)
