"""The format in which a delivery writes its dates: `DD.MM.YYYY`, `M/d/yyyy h:mm a` or `%d.%m.%Y`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestration.core.database import quote_literal

_CLOCKS = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S")
"""Times that may follow the day in a format without a time."""

_TOKEN = re.compile(r"AM/PM|AM|PM|am|pm|tt|([A-Za-z])\1*|[^A-Za-z]+")
_HALVES = ("AM/PM", "AM", "PM", "am", "pm", "tt", "a", "A")


@dataclass(frozen=True)
class DateFormat:
    """A date format for DuckDB's strptime."""

    day: str
    full: str
    """The format with the time of day, if it has one."""

    @property
    def formats(self) -> tuple[str, ...]:
        """Return all forms of a cell. For instance, spreadsheets omit the time at midnight."""
        return tuple(dict.fromkeys((self.full, *(self.day + clock for clock in _CLOCKS))))

    def reading(self, text: str) -> str:
        """Return SQL of a timestamp; null if the text does not have this format."""
        return self._guarded(text, f"[{', '.join(quote_literal(one) for one in self.formats)}]")

    def is_day(self, text: str) -> str:
        """Return SQL that is true for a day without a time."""
        return f"({self._guarded(text, quote_literal(self.day))} is not null)"

    def _guarded(self, text: str, formats: str) -> str:
        found = f"try_strptime({text}, {formats})"
        # strptime would read a two-digit year as a year of the first century.
        return f"case when regexp_matches({text}, '\\d{{4}}') then {found} end" if "%Y" in self.day else found


def date_format(text: str) -> DateFormat | None:
    """Parse a format such as `DD.MM.YYYY`, `M/d/yyyy h:mm a` or `%d.%m.%Y`; None if it is incomplete."""
    if "%" in text:
        day, full = re.split(r"[ T,]*%-?[HIMSpfg]", text, maxsplit=1)[0], text
    else:
        found = _strptime(text)
        if found is None:
            return None
        day, full = found
    is_whole = all(
        any(part in day for part in parts) for parts in (("%d",), ("%m", "%b", "%B"), ("%Y", "%y"))
    )
    return DateFormat(day, full) if is_whole else None


def _strptime(text: str) -> tuple[str, str] | None:
    """Convert a format in letters to its day part and its full form; None for an unknown letter."""
    tokens = [found[0] for found in _TOKEN.finditer(text)]
    hour = "%I" if any(token in _HALVES for token in tokens) else "%H"
    full, day = "", None
    for token in tokens:
        letter, length = token[0].lower(), len(token)
        if not token[0].isalpha():
            part: str | None = token
        elif token in _HALVES:
            part = "%p"
        elif token == "T":
            part = "T"
        elif letter == "h":
            day = full if day is None else day
            part = hour
        elif letter == "m" and day is None:
            # Before the hour this letter means month; after it, minutes.
            part = {1: "%m", 2: "%m", 3: "%b", 4: "%B"}.get(length)
        elif letter == "m":
            part = "%M"
        elif letter == "s":
            part = {1: "%S", 2: "%S", 3: "%g"}.get(length)
        else:
            part = {"y": {1: "%Y", 2: "%y", 4: "%Y"}, "d": {1: "%d", 2: "%d", 3: "%a", 4: "%A"}}.get(
                letter, {}
            ).get(length)
        if part is None:
            return None
        full += part
    return (full if day is None else day).rstrip(" T,"), full
