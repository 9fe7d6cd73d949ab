-- one row per record that counts nowhere or only in part, and reason
{{ config(enabled='stripe' in var('connectors')) }}
with versions as (
    select * from {{ ref('unified_stripe__subscription_versions') }}
    where is_latest
),

items as (
    select * from {{ ref('unified_stripe__item_versions') }}
    where is_latest
),

lines as (
    select * from {{ ref('stg_stripe__invoice_lines') }}
    where not is_test
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

terms as (
    select
        item_id,
        max(unit_amount) as unit_amount
    from {{ ref('unified_stripe__terms') }}
    group by item_id
),

test_subscriptions as (
    select
        deliveries.subscription_id,
        max(deliveries._batch_id) as _batch_id,
        max(deliveries._loaded_at) as _loaded_at
    from {{ ref('stg_stripe__subscription_versions') }} as deliveries
    left join versions on deliveries.subscription_id = versions.subscription_id
    where versions.subscription_id is null
    group by deliveries.subscription_id
),

exceptions as (
    select
        'subscriptions' as object_name,
        subscription_id as record_key,
        'test_mode' as reason,
        _batch_id,
        _loaded_at
    from test_subscriptions
    union all
    select
        'customers' as object_name,
        customer_id as record_key,
        'test_mode' as reason,
        _batch_id,
        _loaded_at
    from {{ ref('stg_stripe__customers') }}
    where is_test
    union all
    select
        'invoices' as object_name,
        invoice_id as record_key,
        'test_mode' as reason,
        _batch_id,
        _loaded_at
    from invoices
    where is_test
    union all
    select
        'subscriptions' as object_name,
        subscription_id as record_key,
        'not_paid' as reason,
        _batch_id,
        _loaded_at
    from versions
    where status in ('incomplete', 'incomplete_expired')
    union all
    select
        'subscriptions' as object_name,
        versions.subscription_id as record_key,
        'without_items' as reason,
        versions._batch_id,
        versions._loaded_at
    from versions
    left join items on versions.subscription_id = items.subscription_id
    where items.item_id is null and versions.status not in ('incomplete', 'incomplete_expired')
    union all
    select
        'subscription_items' as object_name,
        items.item_id as record_key,
        case when versions.subscription_id is null then 'orphan' else 'price_unknown' end as reason,
        items._batch_id,
        items._loaded_at
    from items
    left join versions on items.subscription_id = versions.subscription_id
    left join terms on items.item_id = terms.item_id
    left join {{ ref('unified_stripe__prices') }} as prices on items.price_id = prices.price_id
    left join test_subscriptions on items.subscription_id = test_subscriptions.subscription_id
    where
        test_subscriptions.subscription_id is null
        and (
            versions.subscription_id is null
            or (
                versions.status not in ('incomplete', 'incomplete_expired')
                and terms.unit_amount is null
                and not coalesce(prices.is_usage, false)
            )
        )
    union all
    select
        'invoice_line_items' as object_name,
        lines.line_id as record_key,
        case when invoices.invoice_id is null then 'orphan' else 'item_unknown' end as reason,
        lines._batch_id,
        lines._loaded_at
    from lines
    left join invoices on lines.invoice_id = invoices.invoice_id
    where
        invoices.invoice_id is null
        or (lines.item_id is null and lines.price_type = 'recurring' and not lines.is_proration)
    union all
    select
        'refunds' as object_name,
        refunds.refund_id as record_key,
        'invoice_unknown' as reason,
        refunds._batch_id,
        refunds._loaded_at
    from {{ ref('stg_stripe__refunds') }} as refunds
    left join {{ ref('unified_stripe__refunds') }} as linked on refunds.refund_id = linked.refund_id
    where refunds.status = 'succeeded' and linked.invoice_id is null
    union all
    -- A list of discounts that is not expanded has only ids.
    select
        'discounts' as object_name,
        listed.discount_id as record_key,
        'terms_unknown' as reason,
        max(listed._batch_id) as _batch_id,
        max(listed._loaded_at) as _loaded_at
    from {{ ref('stg_stripe__subscription_discounts') }} as listed
    left join {{ ref('unified_stripe__discounts') }} as discounts on listed.discount_id = discounts.discount_id
    where discounts.discount_id is null
    group by listed.discount_id
)

select distinct * from exceptions
