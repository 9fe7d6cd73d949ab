"""Marts with rows for every rule, and the audit of a changed copy of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from orchestration.core.serialization import read_yaml
from orchestration.quality import AuditReport, Suite
from tests.shared import declared_suites

Audit = Callable[..., AuditReport]

CORRUPTIONS: list[tuple[str, str, str]] = [
    (mart, check, statement.replace("{mart}", f"marts.{mart}"))
    for mart, entries in read_yaml(Path(__file__).with_name("corruptions.yml")).items()
    for entry in entries
    for check, statement in entry.items()
]
"""Mart, check that must find it, and a statement that corrupts sound marts."""

AN_ACCOUNT = """(
    select min(account_id) from marts.fct_account_months
    where month = date '2025-06-01' and opening_mrr > 0 and closing_mrr > 0
)"""
WORDS = {
    "an_account": AN_ACCOUNT,
    "a_month": "date '2025-06-01'",
    "one_account_month": f"account_id = {AN_ACCOUNT} and month = date '2025-06-01'",
    "one_slice": "month = date '2025-06-01' and dimension = 'segment' and dimension_value = 'smb'",
    "one_total": "month = date '2025-06-01' and dimension = 'all'",
    "one_response": """response_id = (
        select min(response_id) from marts.fct_survey_responses where nps_category is not null
    )""",
    "one_period": "period_start = date '2025-04-01' and dimension = 'all' and weighting = 'respondent'",
}
# Rows that the simulated company lacks.
ADDED = """
    insert into marts._overrides by name
    select 'account:a' as override_id, 'account' as override_kind, 'a' as account_id,
        'is_internal = true' as sets, 'Ann' as author, 'test' as reason,
        'applied' as status, 1 as rows_changed;
    insert into marts._restatements by name
    select month, 'mrr_monthly.closing_mrr' as measure, dimension, dimension_value,
        closing_mrr - 1 as value_before, closing_mrr as value_now, 'data' as cause,
        (select release_id from marts._release) as first_seen_in_release
    from marts.mrr_monthly where {one_total};
    insert into marts._account_merges by name
    select 'stripe:cus_old' as previous_account_id, {an_account} as account_id, 'merged' as outcome,
        'stripe:cus_old' as source_keys, 'domain' as match_rule, 5 as mrr_before,
        (select release_id from marts._release) as first_seen_in_release;
    -- Two items that change hands at one instant: no movement of the account, and they cancel out.
    insert into marts.fct_mrr_movement_items by name
    select account_id, 'swap' as subscription_id, item as item_id, currency, month, amount as mrr_change,
        amount as volume_mrr, 0 as price_mrr, 0 as discount_mrr, 0 as other_mrr, source_batch_id
    from (select * from marts.fct_mrr_movement_items order by all limit 1)
    cross join (values ('swapped', -5), ('new', 5)) as swap (item, amount);
"""


def change(path: Path, *statements: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as corrupted")
        connection.execute("use corrupted")
        for statement in statements:
            connection.execute(statement.format(**WORDS))


def only(*marts: str) -> dict[str, Suite]:
    """The suites of some marts. The other marts then lack a suite, which tests of single checks ignore."""
    return {mart: declared_suites()[mart] for mart in marts}


def failed(report: AuditReport) -> set[tuple[str, str]]:
    return {(result.mart, result.check) for result in report.results if result.outcome == "failed"}


def blocking(report: AuditReport) -> list[tuple[str, str, str]]:
    """Mart, check and outcome of the blocking results, except for marts without a suite."""
    found = [(result.mart, result.check, result.outcome) for result in report.blocking]
    return [one for one in found if one[1] != "suite_declared"]


def message(report: AuditReport, mart: str, check: str) -> str:
    return next(result.message for result in report.results if (result.mart, result.check) == (mart, check))
