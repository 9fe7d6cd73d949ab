-- one row per object, record and reason why it counts nowhere or only in part
{{ config(enabled='chargebee' in var('connectors')) }}
{%- set item_key = "subscription_id || ':' || item_id" %}
with subscriptions as (
    select * from {{ ref('stg_chargebee__subscriptions') }}
),

invoices as (
    select * from {{ ref('stg_chargebee__invoices') }}
),

found as (
    select
        'subscriptions' as object_name,
        subscription_id as record_key,
        case
            when customer_id is null then 'orphan_subscription'
            when currency is null then 'unknown_currency'
            when is_deleted then 'deleted'
            when status = 'future' then 'not_begun'
            when
                coalesce(status, '') not in ('in_trial', 'active', 'non_renewing', 'paused', 'cancelled', 'transferred')
                then 'unknown_status'
        end as reason,
        _batch_id,
        _loaded_at
    from subscriptions
    union all
    select
        'subscriptions' as object_name,
        subscription_id as record_key,
        'vendor_mrr_differs' as reason,
        _batch_id,
        _loaded_at
    from {{ ref('unified_chargebee__mrr_differences') }}
    union all
    select
        'subscriptions' as object_name,
        subscriptions.subscription_id as record_key,
        'orphan_subscription' as reason,
        subscriptions._batch_id,
        subscriptions._loaded_at
    from subscriptions
    left join {{ ref('stg_chargebee__customers') }} as customers on subscriptions.customer_id = customers.customer_id
    where customers.customer_id is null
    union all
    select
        'subscription_items' as object_name,
        {{ item_key }} as record_key,
        case
            when price_kind <> 'one_off' and coalesce(interval_unit, '') not in ('day', 'week', 'month', 'year')
                then 'interval_unknown'
            when price_kind = 'usage' then 'usage_only_from_invoices'
            when unit_amount is null then 'price_unknown'
        end as reason,
        _batch_id,
        _loaded_at
    from {{ ref('unified_chargebee__version_terms') }}
    union all
    select
        'subscription_items' as object_name,
        items.subscription_id || ':' || items.item_id as record_key,
        'orphan_item' as reason,
        items._batch_id,
        items._loaded_at
    from {{ ref('stg_chargebee__subscription_items') }} as items
    left join subscriptions on items.subscription_id = subscriptions.subscription_id
    where subscriptions.subscription_id is null
    union all
    select
        'invoice_line_items' as object_name,
        lines.line_id as record_key,
        'orphan_line' as reason,
        lines._batch_id,
        lines._loaded_at
    from {{ ref('stg_chargebee__invoice_line_items') }} as lines
    left join invoices on lines.invoice_id = invoices.invoice_id
    left join subscriptions on lines.subscription_id = subscriptions.subscription_id
    where
        invoices.invoice_id is null
        or (lines.subscription_id is not null and subscriptions.subscription_id is null)
    union all
    select
        'invoice_line_items' as object_name,
        {{ item_key }} as record_key,
        case
            when price_kind <> 'one_off' and interval_unit is null then 'interval_unknown'
            when unit_amount is null then 'price_unknown'
        end as reason,
        _batch_id,
        _loaded_at
    from {{ ref('unified_chargebee__line_terms') }}
    union all
    select
        'invoices' as object_name,
        invoice_id as record_key,
        case
            when customer_id is null then 'orphan_invoice'
            when issued_at is null then 'no_date'
            when currency is null then 'unknown_currency'
            when total is null then 'price_unknown'
            when is_deleted then 'deleted'
            when
                coalesce(status, '') not in ('paid', 'posted', 'payment_due', 'not_paid', 'voided', 'pending')
                then 'unknown_status'
        end as reason,
        _batch_id,
        _loaded_at
    from invoices
    union all
    select
        object_name,
        record_key,
        reason,
        _batch_id,
        _loaded_at
    from {{ ref('unified_chargebee__reduction_exceptions') }}
)

select
    object_name,
    record_key,
    reason,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from found
where reason is not null
group by object_name, record_key, reason
