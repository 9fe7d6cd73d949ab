"""The reasons of Spark's errors, without values of rows."""

from __future__ import annotations

import re

_CONDITION = re.compile(r"\[[A-Z0-9_.]+\]")
_SQL_ERROR = "SQLSTATE: 42"


def reason_without_data(text: str) -> str | None:
    """Return the first line of Spark's error without values of rows; None if it is not an error of Spark.

    Only errors in the SQL, which Spark finds before it reads rows, keep their text. Others quote values.
    """
    first = text.strip().partition("\n")[0]
    condition = _CONDITION.match(first)
    if condition is None:
        return None
    return first[:300] if _SQL_ERROR in text else f"{condition[0]} (details left out: they quote data)"
