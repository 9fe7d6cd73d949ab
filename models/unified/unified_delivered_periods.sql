-- one row per subscription item, price kind and period start, before overrides
{{ config(materialized=inlined()) }}
with periods as (
    {{ with_linked_account(ref('stg_generic__subscription_periods')) }}
)

select
    'generic' as source_system,
    subscription_id,
    item_id,
    linked_account_id as account_id,
    plan_id,
    currency,
    quantity,
    unit_amount,
    interval_unit,
    interval_count,
    discount_amount,
    discount_kind,
    price_kind,
    status,
    period_start,
    -- A deleted period was real until its deletion. Without the row, the loss would disappear. A period without an end
    -- ends when billing ended it.
    {{ earliest(
        'coalesce(period_end, case when cancel_effective_at > period_start then cancel_effective_at end)', 'deleted_at'
    ) }} as period_end,
    period_end is null as is_without_end,
    is_deleted_without_date,
    cancel_requested_at,
    cancel_effective_at,
    cancel_kind,
    lower(trim(cancel_reason)) as cancel_reason,
    replaces_subscription_id,
    'delivered' as history_source,
    _batch_id,
    _loaded_at
from periods
{%- if has_branch('billing_states') %}
union all
select
    billing.source_system,
    billing.subscription_id,
    billing.item_id,
    coalesce(account_keys.account_id, {{ vendor_id('billing.source_system', 'billing.customer_key') }}) as account_id,
    {{ vendor_id('billing.source_system', 'billing.plan_id') }} as plan_id,
    billing.currency,
    billing.quantity,
    billing.unit_amount,
    billing.interval_unit,
    billing.interval_count,
    billing.discount_amount,
    billing.discount_kind,
    billing.price_kind,
    billing.status,
    billing.period_start,
    billing.period_end,
    billing.is_without_end,
    billing.is_deleted_without_date,
    billing.cancel_requested_at,
    billing.cancel_effective_at,
    billing.cancel_kind,
    lower(trim(billing.cancel_reason)) as cancel_reason,
    billing.replaces_subscription_id,
    billing.history_source,
    billing._batch_id,
    billing._loaded_at
from {{ ref('unified_billing_periods') }} as billing
left join {{ ref('unified_account_keys') }} as account_keys
    on
        billing.source_system = account_keys.source_system
        and billing.customer_key = account_keys.source_key
{%- endif %}
