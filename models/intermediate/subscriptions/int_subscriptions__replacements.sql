-- one row per account and subscription that another subscription of the account replaces, with the instant
{{ config(materialized=inlined()) }}
with periods as (
    select * from {{ ref('unified_subscription_periods') }}
    where
        replaces_subscription_id <> subscription_id
        and {{ is_service('price_kind', 'period_start', 'period_end') }}
),

-- A link is valid only within the account in which the new subscription starts.
claims as (
    select
        source_system,
        replaces_subscription_id,
        {{ first_by('account_id', 'period_start') }} as account_id,
        min(period_start) as starts_at
    from periods
    group by source_system, replaces_subscription_id, subscription_id
)

select
    source_system,
    account_id,
    replaces_subscription_id as subscription_id,
    min(starts_at) as replaced_at
from claims
group by source_system, account_id, replaces_subscription_id
