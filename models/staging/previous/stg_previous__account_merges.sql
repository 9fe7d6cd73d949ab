-- one row per account merge in the log of the previous release
select
    previous_account_id,
    account_id,
    outcome,
    source_keys,
    match_rule,
    mrr_before,
    first_seen_in_release
from {{ source('previous', 'account_merges') }}
