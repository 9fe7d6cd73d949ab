"""Dates and times: detect formats, parse values, and recognise days without a time."""

from __future__ import annotations

from orchestration.core.database import quote_literal
from orchestration.landing.reading.date_format import DateFormat

_OFFSET = r"( ?(Z|UTC|[+-](0\d|1[0-8])(:?[0-5]\d)?))?"
_ISO = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?" + _OFFSET + ")?"
_ISO_UTC = r"[1-9]\d{3}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?"
_MIDNIGHT = r"\d{4}-\d{2}-\d{2}([T ]00:00(:00(\.0+)?)?" + _OFFSET + ")?"
_WHOLE_DAY = r"\d{4}-\d{2}-\d{2}[T ](00:00(:00(\.0+)?)?|23:59(:59(\.\d+)?)?)"
_SECONDS, _MILLISECONDS = r"\d{10}(\.\d+)?", r"\d{13}(\.\d+)?"

_NO_DAY = r"0|(0000[-/.]00[-/.]00|00[-/.]00[-/.]0000)([T ]00:00(:00(\.0+)?)?Z?)?"
"""Texts of MySQL and spreadsheets for no date. The loader reads them as 0001-01-01, a placeholder."""


def date_sql(text: str, local: DateFormat | None) -> str:
    """Return SQL of a date; null if the text is not a date or has a time of day."""
    value = (
        f"case when {matches(text, _MIDNIGHT)} and not starts_with({text}, '0000') "
        f"then try_cast(left({text}, 10) as date) when {matches(text, _NO_DAY)} then date '0001-01-01' end"
    )
    if local is None:
        return value
    found = local.reading(text)
    return f"coalesce({value}, case when {found} = date_trunc('day', {found}) then cast({found} as date) end)"


def timestamp_sql(text: str, timezone: str, local: DateFormat | None) -> str:
    """Return SQL of a UTC timestamp without zone. A day without a time becomes its midnight.

    A text with an offset is read as `timestamptz`, because DuckDB's cast to `timestamp` drops the offset. A
    local time that a clock change skips or repeats uses the standard time of its zone.
    """
    rest = f"replace(replace(upper(substr({text}, 12)), ' ', ''), 'UTC', 'Z')"
    iso = f"left({text}, 10) || ' ' || coalesce(nullif({rest}, ''), '00:00')"
    is_utc = timezone.upper() == "UTC"
    local_time = _in_zone(f"try_cast({iso} as timestamp)", f"length({text}) = 10", timezone)
    common = f"when {matches(text, _ISO_UTC, 'c')} then try_cast({text} as timestamp) " if is_utc else ""
    value = (
        f"case {common}when {matches(text, _ISO)} and not starts_with({text}, '0000') then "
        f"case when regexp_matches(substr({text}, 12), '[ZCzc+-]') "
        f"then timezone('UTC', try_cast({iso} as timestamptz)) else {local_time} end "
        f"when {matches(text, _SECONDS)} then {_epoch(text, 1_000_000)} "
        f"when {matches(text, _MILLISECONDS)} then {_epoch(text, 1_000)} "
        f"when {matches(text, _NO_DAY)} then timestamp '0001-01-01 00:00:00' end"
    )
    if local is None:
        return value
    return f"coalesce({value}, {_in_zone(local.reading(text), local.is_day(text), timezone)})"


def is_day(text: str, value: str, local: DateFormat | None) -> str:
    """Return SQL that is true if the text of a timestamp is a date without a time."""
    iso = f"({value} is not null and length({text}) = 10 and substr({text}, 5, 1) = '-')"
    return iso if local is None else f"({iso} or ({value} is not null and {local.is_day(text)}))"


def may_be_day(text: str, value: str, local: DateFormat | None) -> str:
    """Return SQL that is true if the text has the time of a day's start or end, without an offset."""
    iso = (
        f"case when substr({text}, 12, 5) in ('00:00', '23:59') and {value} is not null "
        f"then {matches(text, _WHOLE_DAY)} else false end"
    )
    if local is None:
        return iso
    clock = f"cast({local.reading(text)} as time)"
    by_format = f"{value} is not null and ({clock} = time '00:00:00' or {clock} >= time '23:59:00')"
    return f"({iso} or coalesce({by_format} and not {local.is_day(text)}, false))"


ProblemCase = tuple[str, tuple[str, str, bool, bool]]
"""SQL condition, and the problem: reason, advice, `refuses` and `by_value` of `Problem`."""

_MAPPING_HINT = "or set the format in mapping.yml"


def misread_times(text: str, data_type: str) -> list[ProblemCase]:
    """Return the possible reasons why a text is not a date or time."""
    cases = [
        (
            matches(text, r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}([ T].*)?"),
            "does not start with the year",
            f"Write 2024-05-31 for 31 May 2024, {_MAPPING_HINT}, such as `dates: DD/MM/YYYY`.",
        ),
        (
            matches(text, r"[345]\d{4}(\.\d+)?"),
            "looks like a spreadsheet's serial number of a date",
            "Format the column as a date before the export.",
        ),
        (
            matches(text, r"\d{4}-\d{2}-\d{2}.*"),
            "is not a calendar day, or has an unreadable time",
            "Write 2024-05-31, or 2024-05-31T12:00:00Z.",
        ),
        ("true", "is not a date or time", f"Write 2024-05-31, {_MAPPING_HINT}."),
    ]
    if data_type == "date":
        moment = f"try_cast(replace(upper(left({text}, 16)), 'T', ' ') as timestamp)"
        has_time = f"length({text}) > 10 and {matches(text, _ISO)} and {moment} is not null"
        cases.insert(0, (has_time, "has a time of day, but must be a date", "Write 2024-05-31."))
    return [(test, (reason, advice, False, False)) for test, reason, advice in cases]


def _in_zone(value: str, is_day: str, timezone: str) -> str:
    """Return SQL of a local time in UTC. A day without a time gets its zone later, from the policy."""
    if timezone.upper() == "UTC":
        return value
    in_utc = f"timezone('UTC', timezone({quote_literal(timezone)}, {value}))"
    return f"case when {is_day} then {value} else {in_utc} end"


def _epoch(text: str, microseconds: int) -> str:
    return f"make_timestamp(try_cast(floor(try_cast({text} as decimal(25, 9)) * {microseconds}) as bigint))"


def matches(text: str, pattern: str, options: str = "i") -> str:
    """Return SQL that matches the whole text. Option 'c' makes the match case-sensitive."""
    return f"regexp_full_match({text}, {quote_literal(pattern)}, {quote_literal(options)})"
