-- one row per subscription, item, price kind and start of a service period that an invoice line bills
{{ config(enabled='recurly' in var('connectors')) }}
{%- set item = 'subscription_id, item_id, price_kind' %}
with billed as (
    select
        lines.*,
        coalesce(invoices.currency, subscriptions.currency) as currency,
        invoices.issued_at,
        coalesce(lines.quantity_decimal, lines.quantity, 1) as billed_quantity,
        plans.interval_unit,
        plans.interval_count,
        coalesce(plans.plan_id, lines.plan_id, lines.plan_code) as line_plan_id,
        catalog.add_on_type
    from {{ ref('stg_recurly__line_items') }} as lines
    inner join {{ ref('stg_recurly__invoices') }} as invoices on lines.invoice_id = invoices.invoice_id
    left join {{ ref('stg_recurly__subscriptions') }} as subscriptions
        on lines.subscription_id = subscriptions.subscription_id
    left join {{ ref('unified_recurly__plan_intervals') }} as plans
        on coalesce(lines.plan_id, lines.plan_code, subscriptions.plan_id, subscriptions.plan_code) = plans.plan_key
    left join {{ ref('unified_recurly__add_on_types') }} as catalog on lines.add_on_code = catalog.add_on_code
    where
        lines.subscription_id is not null
        and lines.service_from is not null
        and coalesce(lines.type, 'charge') = 'charge'
        and coalesce(lines.origin, 'plan') not in ('plan_trial', 'add_on_trial', 'credit', 'coupon', 'carryforward')
        and coalesce(invoices.state, 'open') not in ('failed', 'voided', 'pending')
        and not (lines.is_deleted or invoices.is_deleted)
        and coalesce(lines.unit_amount, 0) >= 0
),

classified as (
    select
        *,
        case
            when origin = 'plan' then 'plan'
            when origin = 'add_on' then 'add_on:' || coalesce(add_on_code, line_id)
            else line_id
        end as item_id,
        case
            when origin = 'plan' then 'recurring'
            when origin = 'add_on' and add_on_type = 'usage' then 'usage'
            when origin = 'add_on' then 'recurring'
            else 'one_off'
        end as price_kind
    from billed
    where currency is not null
),

-- Several lines of one item and period: the latest invoice counts.
ranked as (
    select
        *,
        price_kind = 'recurring' and coalesce(proration_rate < 1, false) as is_prorated,
        row_number() over (partition by {{ item }}, service_from order by issued_at desc, line_id desc) as line_rank
    from classified
),

-- A prorated line has the price of the next whole line, else its own price over the billed part.
priced as (
    select
        *,
        lead(service_from) over (partition by {{ item }} order by service_from) as next_service_from,
        {{ first_by('case when not is_prorated then unit_amount end', 'service_from') }} over (
            partition by {{ item }}
            order by service_from
            rows between current row and unbounded following
        ) as next_full_price
    from ranked
    where line_rank = 1
)

select
    subscription_id,
    item_id,
    price_kind,
    case when origin = 'add_on' then item_id else line_plan_id end as plan_id,
    currency,
    cast(billed_quantity as decimal(18, 6)) as quantity,
    cast(
        case
            when not is_prorated then unit_amount
            when next_full_price is not null then next_full_price
            when proration_rate > 0
                then cast(round(cast(unit_amount as double) / cast(proration_rate as double), 2) as decimal(24, 8))
        end as decimal(24, 8)
    ) as unit_amount,
    interval_unit,
    interval_count,
    cast(case when not is_prorated then coalesce(discount, 0) end as decimal(24, 8)) as discount_amount,
    service_from as valid_from,
    -- Periods that end a second before the next one have no gap. A moment of service needs a length.
    case
        when next_service_from <= {{ dbt.dateadd('second', 1, 'service_to') }} then next_service_from
        when service_to > service_from then service_to
        else {{ earliest(dbt.dateadd('day', 1, 'service_from'), 'next_service_from') }}
    end as valid_to,
    _batch_id,
    _loaded_at
from priced
