-- one row per subscription, item, price kind and start of a service period that an invoice line bills
{{ config(enabled='chargebee' in var('connectors')) }}
{%- set item = 'subscription_id, item_id, price_kind' %}
with billed as (
    select
        lines.line_id,
        lines.subscription_id,
        lines.entity_id,
        case
            when lines.entity_type in ('plan', 'plan_item_price') then 'plan'
            when lines.entity_type in ('addon', 'addon_item_price') then 'addon'
            when lines.entity_type = 'charge_item_price' then 'charge'
        end as item_type,
        invoices.currency,
        invoices.issued_at,
        coalesce(lines.quantity_in_decimal, lines.quantity, 1) as quantity,
        coalesce(
            lines.unit_amount_in_decimal, {{ major_units('lines.unit_amount', 'invoices.currency', 'chargebee') }}
        ) as unit_amount,
        coalesce(
            lines.amount_in_decimal, {{ major_units('lines.amount', 'invoices.currency', 'chargebee') }}
        ) as amount,
        {{ major_units('coalesce(lines.discount_amount, 0)', 'invoices.currency', 'chargebee') }} as discount_amount,
        lines.pricing_model,
        lines.service_from,
        lines.service_to,
        lines._batch_id,
        lines._loaded_at
    from {{ ref('stg_chargebee__invoice_line_items') }} as lines
    inner join {{ ref('stg_chargebee__invoices') }} as invoices on lines.invoice_id = invoices.invoice_id
    where
        lines.subscription_id is not null
        and lines.service_from is not null
        and invoices.status in ('paid', 'posted', 'payment_due', 'not_paid')
        and not (lines.is_deleted or invoices.is_deleted)
        and coalesce(lines.amount, lines.amount_in_decimal, 0) >= 0
),

-- A setup fee or an ad-hoc charge has no item. Each is one of its own.
classified as (
    select
        billed.*,
        case when billed.item_type is null then billed.line_id else billed.entity_id end as item_id,
        case
            when coalesce(billed.item_type, 'charge') = 'charge' then 'one_off'
            else coalesce(prices.price_kind, 'recurring')
        end as price_kind,
        coalesce(prices.plan_id, billed.entity_id) as plan_id,
        case when prices.currency = billed.currency and prices.pricing in ('flat', 'per_unit') then prices.price end
            as list_price,
        coalesce(prices.free_quantity, 0) as free_quantity,
        coalesce(prices.interval_unit, subscriptions.billing_period_unit) as interval_unit,
        case when prices.interval_unit is not null then prices.interval_count else subscriptions.billing_period end
            as interval_count
    from billed
    left join {{ ref('unified_chargebee__prices') }} as prices
        on
            billed.entity_id = prices.price_id
            and billed.item_type = prices.item_type
    left join {{ ref('stg_chargebee__subscriptions') }} as subscriptions
        on billed.subscription_id = subscriptions.subscription_id
),

-- Several lines of one item and period: the latest invoice counts.
ranked as (
    select
        *,
        -- A line for less than an interval, less a day for months and clocks, is prorated.
        price_kind = 'recurring'
        and coalesce(
            service_to < {{ dbt.dateadd('day', -1, add_intervals('service_from', 'interval_unit', 'interval_count')) }},
            false
        ) as is_prorated,
        case
            when pricing_model = 'flat_fee' then 1
            when pricing_model in ('tiered', 'volume', 'stairstep', 'package') and quantity <> floor(quantity) then 1
            when pricing_model in ('tiered', 'volume', 'stairstep', 'package') then greatest(quantity, 1)
            else greatest(quantity - free_quantity, 0)
        end as billed_quantity,
        row_number() over (partition by {{ item }}, service_from order by issued_at desc, line_id desc) as line_rank
    from classified
),

priced as (
    select
        *,
        case
            when pricing_model in ('tiered', 'volume', 'stairstep', 'package') or unit_amount is null
                then {{ amount_per_unit('amount', 'greatest(billed_quantity, 1)') }}
            else unit_amount
        end as line_price,
        lead(service_from) over (partition by {{ item }} order by service_from) as next_service_from
    from ranked
    where line_rank = 1
),

-- A prorated line has the price of the next full line, else the list price.
full_priced as (
    select
        *,
        {{ first_by('case when not is_prorated then line_price end', 'service_from') }} over (
            partition by {{ item }}
            order by service_from
            rows between current row and unbounded following
        ) as next_full_price
    from priced
)

select
    subscription_id,
    item_id,
    price_kind,
    plan_id,
    currency,
    cast(billed_quantity as decimal(18, 6)) as quantity,
    cast(case when is_prorated then coalesce(next_full_price, list_price) else line_price end as decimal(24, 8))
        as unit_amount,
    interval_unit,
    interval_count,
    cast(case when not is_prorated then discount_amount end as decimal(24, 8)) as discount_amount,
    service_from as valid_from,
    -- Periods that end a second before the next one have no gap. A moment of service needs a length.
    case
        when next_service_from <= {{ dbt.dateadd('second', 1, 'service_to') }} then next_service_from
        when service_to > service_from then service_to
        else {{ earliest(dbt.dateadd('day', 1, 'service_from'), 'next_service_from') }}
    end as valid_to,
    _batch_id,
    _loaded_at
from full_priced
