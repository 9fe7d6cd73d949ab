"""What DuckDB's functions are called on Spark, where sqlglot does not know it.

Each translation replaces one expression of a parsed statement. It gives the same values as on DuckDB.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import UnsupportedError

KEY_RELATION = "csw_hash_key"
"""The relation with one row whose column `hash_key` is the key of the pseudonyms."""

_PADS = {"csw_hash_outer": 92, "csw_hash_inner": 54}
"""By DuckDB's variable: what the bytes of the key are combined with, as in the macro `hash_person`."""

_TIME_PARTS = {
    "%d": "d", "%m": "M", "%Y": "yyyy", "%y": "yy", "%H": "H", "%I": "h", "%M": "m", "%S": "s", "%p": "a",
    "%b": "MMM", "%B": "MMMM", "%a": "EEE", "%A": "EEEE", "%g": "SSS", "%f": "SSSSSS",
}  # fmt: skip
"""Java's letters for the parts of a date format. One letter stands for one or two digits."""

_COUNTED = {
    "SECOND": ("unix_seconds(_end)", 1),
    "MINUTE": ("unix_seconds(_end)", 60),
    "HOUR": ("unix_seconds(_end)", 3600),
    "DAY": ("unix_date(cast(_end as date))", 1),
    "WEEK": ("unix_date(cast(_end as date))", 7),
    "MONTH": ("year(_end) * 12 + month(_end)", 1),
    "QUARTER": ("year(_end) * 12 + month(_end)", 3),
    "YEAR": ("year(_end)", 1),
}
"""By unit of a difference: the number of a time that is cut to the unit, and the numbers of one unit."""


def translated(tree: exp.Expr) -> exp.Expr:
    """Return a statement of DuckDB in which Spark's functions stand for those that sqlglot keeps.

    Inner expressions come first.
    """
    holder = exp.Paren(this=tree)
    for node in reversed(list(tree.walk(bfs=True))):
        change = _CHANGES.get(type(node))
        if isinstance(node, exp.Anonymous):
            change = _FUNCTIONS.get(node.name.lower())
        if change:
            changed = change(node)
            if changed is not node:
                node.replace(changed)
    found: exp.Expr = holder.this
    return found


def _parsed(sql: str, **parts: exp.Expr) -> exp.Expr:
    """Return an expression of Spark; `parts` take the places of the columns of their names."""
    tree = exp.Paren(this=parse_one(sql, dialect="spark"))
    for one in list(tree.find_all(exp.Column)):
        if one.name in parts:
            one.replace(parts[one.name].copy())
    found: exp.Expr = tree.this
    return found


def _call(name: str, *arguments: Any) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _full_match(node: exp.Expr) -> exp.Expr:
    """`regexp_full_match(text, pattern, options)`. Java's `.` and `$` know other line ends without `(?d)`."""
    options = node.args.get("options")
    flags = "diu" if options is not None and "i" in options.name else "d"
    pattern = exp.Literal.string(rf"(?{flags})\A(?:{node.expression.name})\z")
    return exp.RegexpLike(this=node.this, expression=pattern)


def _found(node: exp.Expr) -> exp.Expr:
    """`regexp_matches(text, pattern, options)`."""
    flag = node.args.get("flag")
    flags = "diu" if flag is not None and "i" in flag.name else "d"
    if not _is_text(node.expression):
        return node
    pattern = exp.Literal.string(f"(?{flags}){node.expression.name}")
    return exp.RegexpLike(this=node.this, expression=pattern)


def _replaced(node: exp.Expr) -> exp.Expr:
    r"""`regexp_replace(text, pattern, new, 'g')`: a group is `\1` on DuckDB and `$1` on Spark."""
    new = node.args["replacement"].transform(
        lambda one: exp.Literal.string(_java_groups(one.name)) if _is_text(one) else one
    )
    return _call("regexp_replace", node.this, node.expression, new)


def _java_groups(text: str) -> str:
    plain = text.replace("$", "\\$")
    return re.sub(r"\\(\\|\d)", lambda found: "\\\\" if found[1] == "\\" else f"${found[1]}", plain)


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


def _timezone(node: exp.Expr) -> exp.Expr:
    """`timezone(zone, moment)`, of which two make one: from UTC to a zone, or from a zone to UTC."""
    if _is_timezone(node.parent):
        return node
    zone, moment = node.expressions
    is_utc = _is_text(zone) and zone.name.upper() == "UTC"
    if _is_timezone(moment):
        inner_zone, inner = moment.expressions
        return _to_utc(inner_zone, inner) if is_utc else _call("from_utc_timestamp", inner, zone)
    # A time with an offset is in UTC already.
    return moment if is_utc else node


def _is_timezone(node: object) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == "timezone"


def _to_utc(zone: exp.Expr, local: exp.Expr) -> exp.Expr:
    """When clocks go back, a local time occurs twice. DuckDB takes the later instant."""
    later = "to_utc_timestamp(_local + interval 1 day, _zone) - interval 1 day"
    return _parsed(
        f"case when from_utc_timestamp({later}, _zone) = _local then {later} "
        "else to_utc_timestamp(_local, _zone) end",
        _local=local,
        _zone=zone,
    )


def _cast(node: exp.Expr) -> exp.Expr:
    """Times without a zone are in UTC, the zone of the session. Spark reads offsets as `+02:00` only."""
    kind = node.args["to"]
    if kind.this == exp.DataType.Type.TIMESTAMPNTZ:
        node.set("to", exp.DataType.build("timestamptz"))
    elif kind.this == exp.DataType.Type.TIMESTAMPTZ and isinstance(node, exp.TryCast):
        node.set(
            "this",
            _parsed(
                "regexp_replace(regexp_replace(_text, '(:[0-9.]+[+-][0-9]{2})$', '$1:00'), "
                "'(:[0-9.]+[+-][0-9]{2})([0-9]{2})$', '$1:$2')",
                _text=node.this,
            ),
        )
    elif kind.this == exp.DataType.Type.UBIGINT:
        node.set("to", exp.DataType.build("bigint"))
    return node


def _hash(node: exp.Expr) -> exp.Expr:
    """`hash(a, b)`. Spark's hash skips nulls, so it also hashes where they are."""
    parts = [
        part for one in node.expressions for part in (one, exp.Is(this=one.copy(), expression=exp.null()))
    ]
    return _call("xxhash64", *parts)


def _right_shift(node: exp.Expr) -> exp.Expr:
    """Bits of a hash, which has no sign on DuckDB."""
    if isinstance(node.this, exp.Anonymous) and node.this.name == "xxhash64":
        return _call("shiftrightunsigned", node.this, node.expression)
    return node


def _divided(node: exp.Expr) -> exp.Expr:
    """Division gives a double, and a division by zero an infinity."""
    over, under = node.this, node.expression
    if isinstance(under, exp.Literal | exp.Nullif):
        return _parsed("(cast(_over as double) / _under)", _over=over, _under=under)
    return _parsed(
        "if(_under = 0, cast(_over as double) * cast('Infinity' as double), cast(_over as double) / _under)",
        _over=over,
        _under=exp.paren(under),
    )


def _boundaries(node: exp.Expr) -> exp.Expr:
    """`date_diff(unit, from, to)` counts the boundaries between two times, and Spark's counts whole units."""
    unit = node.text("unit").upper() or "DAY"
    if unit not in _COUNTED:
        raise UnsupportedError(f"date_diff has no translation to Spark for {unit.lower()}.")
    counted, size = _COUNTED[unit]
    later, earlier = (
        _parsed(counted, _end=_parsed(f"date_trunc('{unit}', _end)", _end=end))
        for end in (node.this, node.expression)
    )
    return _parsed(f"((_later - _earlier) div {size})", _later=exp.paren(later), _earlier=exp.paren(earlier))


def _json_quote(node: exp.Expr) -> exp.Expr:
    """A text as JSON; null for null."""
    (text,) = node.expressions
    return _parsed(
        "case when _text is not null then substr(to_json(named_struct('v', _text)), 6, "
        "length(to_json(named_struct('v', _text))) - 6) end",
        _text=text,
    )


def _to_json(node: exp.Expr) -> exp.Expr:
    options = _parsed("map('ignoreNullFields', 'false')")
    return _call("to_json", *node.expressions[:1], options)


def _json_keys(node: exp.Expr) -> exp.Expr:
    """`json_keys(text, pointer)`: the keys of the object at a JSON pointer."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in node.expression.name.split("/")[1:]]
    path = exp.Literal.string("$" + "".join(f"['{step}']" for step in steps))
    return _call("json_object_keys", _call("get_json_object", node.this, path) if steps else node.this)


def _strptime(node: exp.Expr) -> exp.Expr:
    """`try_strptime(text, formats)`: the first format that fits."""
    text, formats = node.expressions
    listed = formats.expressions if isinstance(formats, exp.Array) else [formats]
    readings = [
        _call("try_to_timestamp", text.copy(), exp.Literal.string(_java_format(one.name))) for one in listed
    ]
    return exp.Coalesce(this=readings[0], expressions=readings[1:])


def _java_format(text: str) -> str:
    """Return Java's form of a format for strptime."""
    pieces = re.split(r"(%-?[A-Za-z])", text)
    return "".join(
        _TIME_PARTS[piece.replace("-", "")]
        if piece.startswith("%")
        else re.sub("[A-Za-z]+", lambda found: f"'{found[0]}'", piece)
        for piece in pieces
    )


def _key_block(node: exp.Expr) -> exp.Expr:
    """The key of the pseudonyms, padded and combined as HMAC wants it. DuckDB has it in a variable."""
    first = node.this
    inner = first.this if isinstance(first, exp.Cast) else first
    if not (isinstance(inner, exp.Anonymous) and inner.name.lower() == "getvariable"):
        return node
    key = "if(octet_length(hash_key) > 64, unhex(sha2(hash_key, 256)), encode(hash_key, 'utf-8'))"
    return _parsed(
        "(select unhex(array_join(transform(sequence(1, 127, 2), place -> lpad(hex("
        "cast(conv(substr(digits, place, 2), 16, 10) as integer) "
        f"^ {_PADS[inner.expressions[0].name]}), 2, '0')), '')) "
        f"from (select rpad(hex({key}), 128, '0') as digits from {KEY_RELATION}))"
    )


def _select(node: exp.Expr) -> exp.Expr:
    """`* replace (a as b)`: all other columns, and at the end those that are replaced."""
    columns: list[exp.Expr] = []
    for one in node.expressions:
        star = one.this if isinstance(one, exp.Column) else one
        replaced = star.args.get("replace") if isinstance(star, exp.Star) else None
        if replaced:
            star.set("replace", None)
            star.set("except_", [exp.to_identifier(each.alias, quoted=True) for each in replaced])
        columns += [one, *(replaced or ())]
    node.set("expressions", columns)
    return node


def _renamed(name: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda node: _call(name, *node.expressions)


_CHANGES: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.RegexpFullMatch: _full_match,
    exp.RegexpLike: _found,
    exp.RegexpReplace: _replaced,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Div: _divided,
    exp.DateDiff: _boundaries,
    exp.DayOfWeekIso: lambda node: _parsed("(weekday(_day) + 1)", _day=node.this),
    exp.JSONKeys: _json_keys,
    exp.BitwiseRightShift: _right_shift,
    exp.Coalesce: _key_block,
    exp.Select: _select,
}
_FUNCTIONS: Mapping[str, Callable[[exp.Expr], exp.Expr]] = {
    "timezone": _timezone,
    "hash": _hash,
    "json_quote": _json_quote,
    "to_json": _to_json,
    "try_strptime": _strptime,
    "to_months": lambda node: _parsed("make_ym_interval(0, _months)", _months=node.expressions[0]),
    "strlen": _renamed("octet_length"),
    "json_valid": lambda node: _parsed("try_parse_json(_text) is not null", _text=node.expressions[0]),
}
