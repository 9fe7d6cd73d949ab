"""The Spark session of this process: that of the user's Spark, or a local one with its files in the home."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shutil
import threading
import time
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.core.database import DEFAULT_MEMORY_LIMIT, MEMORY_LIMIT_VARIABLE
from orchestration.core.errors import LockedError, SettingsError
from orchestration.core.files import remove_tree
from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR, Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_REMOTE = "SPARK_REMOTE"
"""Variable with the address of a Spark Connect server, so that this process needs no Java."""

_CONFIGURED = (_REMOTE, "SPARK_CONF_DIR")
"""Variables of a Spark that the user configures."""

_CATALOG_SECONDS = 60
"""Java of a killed process ends some seconds later, and only then gives the local catalog back."""

_SIZE = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[KMGT])i?B?", re.IGNORECASE)
_MEGABYTES = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024**2}

_opening = threading.Lock()
_session: SparkSession | None = None


def open_session(settings: Settings) -> SparkSession:
    """Return the session of this process, and start it if there is none.

    Every session has the settings of the target `spark` in profiles.example.yml. Raises SettingsError if
    Spark or Java is missing, and LockedError if another process uses the local catalog.
    """
    global _session
    with _opening:
        # Spark itself knows the session only in the thread that started it.
        if _session is None:
            _require_spark()
            _session = _start(settings)
        return _session


def session_settings(settings: Settings, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the settings with which a session starts, by name.

    A Spark that the user configures only gets those that change figures.
    """
    profile = read_yaml(PROJECT_DIR / "profiles.example.yml")["csw"]["outputs"]["spark"]
    # dbt-spark switches ANSI mode off, so the other statements must not have it either.
    needed = {**profile["server_side_parameters"], "spark.sql.ansi.enabled": "false"}
    if any(environment.get(name) for name in _CONFIGURED):
        return needed
    memory = _megabytes(environment.get(MEMORY_LIMIT_VARIABLE) or DEFAULT_MEMORY_LIMIT)
    metastore, log = settings.spark / "metastore", settings.spark / "derby.log"
    return {
        "spark.master": "local[*]",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": f"{memory}m",
        "spark.driver.extraJavaOptions": f"-Dderby.stream.error.file={log}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.local.dir": str(_scratch(settings)),
        "spark.sql.warehouse.dir": str(settings.spark / "warehouse"),
        "spark.sql.catalogImplementation": "hive",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={metastore};create=true",
        "spark.hadoop.datanucleus.schema.autoCreateAll": "true",
        **needed,
    }


def _start(settings: Settings) -> SparkSession:
    # csw makes no pandas frames of Spark's.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    chosen = session_settings(settings)
    builder: Any = SparkSession.builder.appName("csw")
    for name, value in chosen.items():
        builder = builder.config(name, value)
    try:
        if not os.environ.get(_REMOTE):
            wait_for_catalog(settings.spark / "metastore")
            remove_tree(_scratch(settings))
            conf = SparkConf().setAppName("csw").setAll(list(chosen.items()))
            # Without a file for the output of Java, it would go to the terminal.
            SparkContext(conf=conf, gateway=_launch_java(settings.spark / "spark.log", conf))
        session: SparkSession = builder.getOrCreate()
        session.sql("show schemas").collect()
        mute_stack_traces()
    except PySparkException as error:
        reason = str(error).strip().splitlines()[0][:300]
        raise SettingsError(
            f"Spark does not start: {reason}. Its log is {settings.spark / 'spark.log'}. docs/engines.md "
            "lists what it needs."
        ) from None
    return session


def mute_stack_traces() -> None:
    """Stop pyspark from printing the stack trace of every error, which the callers report."""
    from pyspark.logger import PySparkLogger

    # Dagster's settings of loggers would enable a disabled one again.
    PySparkLogger.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)


def _launch_java(log: Path, conf: Any) -> Any:
    from pyspark import java_gateway

    untyped: Any = java_gateway
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as stream:
        return untyped.launch_gateway(conf, popen_kwargs={"stdout": stream, "stderr": stream})


def _require_spark() -> None:
    if find_spec("pyspark") is None:
        raise SettingsError(
            "Releases on Spark need pyspark, which is not installed. Run `make setup-spark` in the project's "
            "folder, or omit --engine and CSW_ENGINE to use DuckDB."
        )
    if os.environ.get(_REMOTE):
        return
    java_home = os.environ.get("JAVA_HOME")
    java = Path(java_home, "bin", "java").exists() if java_home else shutil.which("java")
    if not java:
        raise SettingsError(
            "Spark needs Java 17 or 21, and there is none in PATH or JAVA_HOME. Install a JRE such as "
            "openjdk-17-jre-headless, or set SPARK_REMOTE to the address of a Spark Connect server."
        )


def wait_for_catalog(metastore: Path) -> None:
    """Wait until no process uses the local catalog. Raises LockedError if one still does after a minute.

    Derby locks this file as long as it has the catalog open.
    """
    deadline = time.monotonic() + _CATALOG_SECONDS
    while _is_in_use(metastore / "dbex.lck"):
        if time.monotonic() > deadline:
            raise LockedError(
                f"Another process uses Spark's catalog {metastore}, and a local catalog serves one process "
                "at a time. Wait until that process ends, or set SPARK_REMOTE or SPARK_CONF_DIR to use a "
                "Spark with a catalog server."
            )
        time.sleep(0.2)


def _is_in_use(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _scratch(settings: Settings) -> Path:
    return settings.spark / "scratch"


def _megabytes(text: str) -> int:
    """Return a size such as 4GB in megabytes. Raises SettingsError."""
    size = _SIZE.fullmatch(text.strip())
    if size is None:
        raise SettingsError(f"{MEMORY_LIMIT_VARIABLE} {text!r} is not a size such as 4GB.")
    return max(1, round(float(size["number"]) * _MEGABYTES[size["unit"].upper()]))
