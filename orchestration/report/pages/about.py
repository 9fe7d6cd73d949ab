"""About: the policies in force, the quality of the data, and where every figure comes from."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.report.parts.blocks import Block, Column, PageInfo, Table, Text
from orchestration.report.parts.marts import ACCOUNTS, VALUES, Marts

INFO = PageInfo(80, "about", "About", "The rules, the data and the origin of these figures.")

_RELEASE = (
    "select release_id, as_of, published_at, known_at, code_version, checks_passed, raw_batches from _release"
)
_POLICIES = (
    "select policy, value_in_force, set_by, meaning from _policies order by set_by = 'default', policy"
)
_QUALITY = (
    "select check_name, detail, status, observed, expected, affected_mrr, description from _data_quality"
    " order by status = 'pass', check_name, detail limit 200"
)
_COVERAGE = (
    "select source_system, object_name, rows_found, matched, match_rate, unmatched_mrr"
    " from _identity_coverage order by source_system, object_name"
)


def blocks(marts: Marts) -> Iterator[Block]:
    facts = marts.facts
    release = marts.record(_RELEASE)
    yield Table(
        "This release",
        [Column("Fact"), Column("Value")],
        [
            ("Release", release["release_id"]),
            ("Nothing after", f"{release['as_of']:%Y-%m-%d %H:%M} UTC"),
            ("Made", f"{release['published_at']:%Y-%m-%d %H:%M} UTC"),
            ("Code", release["code_version"]),
            ("Tests passed while building", f"{release['checks_passed']:,d}"),
            ("Files read", f"{release['raw_batches']:,d}"),
        ],
        ["_release.as_of"],
    )
    yield Table(
        "Policies in force",
        [Column("Policy"), Column("Value"), Column("Set by"), Column("Meaning")],
        marts.rows(_POLICIES),
        ["_policies.value_in_force"],
        note="Policies that differ from the default come first.",
    )
    yield Table(
        "Quality of the data",
        [
            Column("Check"),
            Column("Where"),
            Column("Status"),
            Column("Observed"),
            Column("Expected"),
            Column("MRR", "money"),
            Column("Meaning"),
        ],
        marts.rows(_QUALITY),
        ["_data_quality.status"],
        note="Checks that found something come first.",
    )
    yield Table(
        "Customers of other systems that belong to an account",
        [
            Column("System"),
            Column("Object"),
            Column("Rows", "count"),
            Column("Matched", "count"),
            Column("Share", "rate"),
            Column("MRR of the others", "money"),
        ],
        marts.rows(_COVERAGE),
        ["_identity_coverage.match_rate"],
    )
    shown = f"A list of customers offers the {VALUES} values with most MRR of each dimension. "
    if facts.truncated_dimensions:
        shown += f"More values exist of {', '.join(facts.truncated_dimensions)}. "
    yield Text(
        f"{shown}The {ACCOUNTS} accounts with most MRR have a page of their own. "
        + (
            "The policy report_show_names lets the pages show the names of accounts."
            if facts.shows_names
            else "The pages show ids instead of names, because the policy report_show_names is false."
        ),
        title="What the pages leave out",
    )
