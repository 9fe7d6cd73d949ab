-- one row per subscription item and stretch of time in which invoice lines agree on its terms
{{ config(enabled='stripe' in var('connectors')) }}
{%- set item = ['subscription_id', 'item_id'] %}
with lines as (
    select * from {{ ref('unified_stripe__invoice_lines') }}
    where
        line_kind in ('full', 'debit', 'credit')
        and subscription_id is not null
        and item_id is not null
        and not is_usage
        and ends_at > starts_at
),

prices as (
    select * from {{ ref('unified_stripe__prices') }}
),

-- A credit ends the terms before it. The debit beside it begins the new ones, at full price. The latest invoice wins.
ranked as (
    select
        *,
        row_number() over (
            partition by {{ item | join(', ') }}, starts_at
            order by issued_at desc, case line_kind when 'credit' then 1 else 0 end, amount desc, line_id desc
        ) as line_order,
        case when line_kind = 'full' and quantity > 0 then cast(amount / quantity as decimal(24, 8)) end
            as billed_unit_amount
    from lines
),

sequenced as (
    select
        *,
        {{ last_known('billed_unit_amount') }} over (
            partition by {{ item | join(', ') }}, price_id
            order by starts_at
            rows between unbounded preceding and current row
        ) as last_billed_unit_amount,
        lead(starts_at) over (partition by {{ item | join(', ') }} order by starts_at) as next_starts_at
    from ranked
    where line_order = 1
),

priced as (
    select
        sequenced.subscription_id,
        sequenced.item_id,
        sequenced.price_id,
        sequenced.currency,
        sequenced.quantity,
        -- A price list does not know the amount of tiers, nor that of another currency.
        case
            when coalesce(prices.price_currency, sequenced.currency) = sequenced.currency
                then coalesce(prices.unit_amount, sequenced.last_billed_unit_amount)
            else sequenced.last_billed_unit_amount
        end as unit_amount,
        case when sequenced.line_kind = 'full' then sequenced.discount_amount end as discount_amount,
        case when sequenced.line_kind = 'full' and sequenced.discount_amount > 0 then sequenced.discount_id end
            as discount_id,
        sequenced.starts_at as valid_from,
        {{ earliest('sequenced.ends_at', 'sequenced.next_starts_at') }} as valid_to,
        'invoice_lines' as history_source,
        sequenced._batch_id,
        sequenced._loaded_at
    from sequenced
    left join prices on sequenced.price_id = prices.price_id
    where sequenced.line_kind <> 'credit'
),

joined as (
    {{ join_neighbours(
        'priced', item, ['price_id', 'currency', 'quantity', 'unit_amount', 'discount_amount', 'discount_id']
    ) }}
)

select * from joined
