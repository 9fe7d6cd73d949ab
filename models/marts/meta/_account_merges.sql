-- one row per account of an earlier release that changed hands, its successor, and the release that saw it first
with account_merges as (
    select * from {{ ref('int_quality__account_merges') }}
),

log as (
    select * from {{ ref('stg_previous__account_merges') }}
)

select
    previous_account_id,
    account_id,
    outcome,
    source_keys,
    match_rule,
    cast(mrr_before as decimal(18, 4)) as mrr_before,
    'development' as first_seen_in_release
from account_merges
union all
select
    previous_account_id,
    account_id,
    outcome,
    source_keys,
    match_rule,
    mrr_before,
    first_seen_in_release
from log
