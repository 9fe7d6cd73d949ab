-- one row per billed usage and one-off charge of a subscription, by item and start
{{ config(enabled='stripe' in var('connectors')) }}
with lines as (
    select * from {{ ref('unified_stripe__invoice_lines') }}
    where subscription_id is not null and item_id is not null and amount >= 0
),

prices as (
    select * from {{ ref('unified_stripe__prices') }}
),

charges as (
    select
        lines.*,
        case when lines.line_kind = 'charge' then 'one_off' else 'usage' end as price_kind,
        prices.plan_id,
        case when lines.line_kind = 'charge' then 'month' else prices.interval_unit end as interval_unit,
        case when lines.line_kind = 'charge' then 1 else prices.interval_count end as interval_count,
        row_number() over (
            partition by lines.subscription_id, lines.item_id, lines.line_kind, lines.starts_at
            order by lines.issued_at desc, lines.line_id desc
        ) as line_order
    from lines
    left join prices on lines.price_id = prices.price_id
    where
        lines.line_kind = 'charge'
        or (lines.is_usage and lines.line_kind = 'full' and lines.ends_at > lines.starts_at)
),

-- The amount of tiers is spread over the units. Only its product with the quantity counts.
sequenced as (
    select
        *,
        lead(starts_at) over (partition by subscription_id, item_id, price_kind order by starts_at) as next_starts_at
    from charges
    where line_order = 1
)

select
    subscription_id,
    item_id,
    price_kind,
    plan_id,
    currency,
    cast(case when quantity > 0 then quantity else 1 end as decimal(18, 6)) as quantity,
    cast(amount / case when quantity > 0 then quantity else 1 end as decimal(24, 8)) as unit_amount,
    interval_unit,
    cast(interval_count as bigint) as interval_count,
    coalesce(discount_amount, 0) as discount_amount,
    starts_at as valid_from,
    case
        when price_kind = 'usage' then {{ earliest('ends_at', 'next_starts_at') }}
        when ends_at > starts_at then ends_at
    end as valid_to,
    _batch_id,
    _loaded_at
from sequenced
where interval_unit is not null
