-- one row per subscription that was paid, and per account that paid invoices without one: its first payment
{{ config(materialized=inlined()) }}
with paid_invoices as (
    select * from {{ ref('unified_invoices') }}
    where
        amount > 0
        and paid_at <= {{ as_of() }}
        and {{ policy_is('require_first_payment', true) }}
)

-- An invoice without a subscription pays for all subscriptions of its account.
select
    case when subscription_id is not null then source_system end as source_system,
    subscription_id,
    case when subscription_id is null then account_id end as account_id,
    min(paid_at) as first_paid_at
from paid_invoices
group by
    case when subscription_id is not null then source_system end,
    subscription_id,
    case when subscription_id is null then account_id end
