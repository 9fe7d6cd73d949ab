"""The key of the pseudonyms in a session: a temporary view, so that no table, file or statement has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.spark.translations import KEY_RELATION

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def hand_over_key(session: SparkSession, key: bytes) -> None:
    """Create KEY_RELATION, whose only row has the key in the column `hash_key`."""
    session.createDataFrame([(key.decode(),)], "hash_key string").createOrReplaceTempView(KEY_RELATION)
