-- one row per item of a discounted subscription, stretch of agreed terms, and part of it with the same discounts
{{ config(enabled=has_branch('billing_terms')) }}
{%- set agreed_key = ['source_system', 'subscription_id', 'item_id', 'price_kind', 'agreed_from'] %}
{%- set piece = agreed_key + ['cut_at'] %}
{%- set levels = [1, 2] %}
with applied as (
    select * from {{ ref('unified_billing_applied_discounts') }}
),

pieces as (
    select
        {{ piece | join(', ') }},
        min(next_cut_at) as next_cut_at,
        min(currency) as currency,
        min(list_amount) as list_amount,
        {{ first_by(
            'case when discount_level is not null then discount_kind end', 'discount_level * 1000 + discount_order'
        ) }} as discount_kind
    from applied
    group by {{ piece | join(', ') }}
),

amounts_0 as (
    select
        {{ piece | join(', ') }},
        list_amount as amount
    from pieces
),
{%- for level in levels %}

-- Percentages of a level apply one after the other, at most three.
percentages_{{ level }} as (
    select
        {{ prefixed('amounts', piece) }},
        cast(cast(cast(cast(min(amounts.amount) as decimal(24, 8))
        {%- for place in [1, 2, 3] %}
        * (1 - 0.01 * cast(
            coalesce(max(case when applied.discount_order = {{ place }} then applied.percent_off end), 0)
            as decimal(7, 4)
        )) as decimal(24, 8))
        {%- endfor %} as amount
    from amounts_{{ level - 1 }} as amounts
    left join applied
        on
            {{ equal_keys('amounts', 'applied', piece) }}
            and applied.discount_level = {{ level }}
            and applied.percent_off is not null
    group by {{ prefixed('amounts', piece) }}
),

rounded_{{ level }} as (
    select
        {{ prefixed('applied', piece) }},
        applied.discount_id,
        applied.amount_off,
        {{ round_money('percentages.amount') }} as amount
    from applied
    inner join percentages_{{ level }} as percentages on {{ equal_keys('applied', 'percentages', piece) }}
    where applied.discount_level = {{ level }} and applied.amount_off is not null
),

shares_{{ level }} as (
    select
        *,
        cast(sum(amount) over so_far as decimal(18, 4)) as amount_so_far,
        cast(sum(amount) over (
            partition by source_system, subscription_id, discount_id, cut_at
        ) as decimal(18, 4)) as whole_amount
    from rounded_{{ level }}
    window so_far as (
        partition by source_system, subscription_id, discount_id, cut_at
        order by item_id
        rows between unbounded preceding and current row
    )
),

-- A fixed amount counts once. Its items share it by their amounts, and the parts add up to the whole.
fixed_{{ level }} as (
    select
        {{ piece | join(', ') }},
        sum(
            {{ share_of_money('least(amount_off, whole_amount)', 'amount_so_far', 'whole_amount') }}
            - {{ share_of_money('least(amount_off, whole_amount)', 'amount_so_far - amount', 'whole_amount') }}
        ) as amount_off
    from shares_{{ level }}
    where whole_amount > 0
    group by {{ piece | join(', ') }}
),

amounts_{{ level }} as (
    select
        {{ prefixed('percentages', piece) }},
        cast(greatest(percentages.amount - coalesce(fixed.amount_off, 0), 0) as decimal(24, 8)) as amount
    from percentages_{{ level }} as percentages
    left join fixed_{{ level }} as fixed on {{ equal_keys('percentages', 'fixed', piece) }}
),
{%- endfor %}

minor_units as (
    select * from {{ ref('currency_units') }}
)

-- Billing systems round a discount to the smallest unit of the currency.
select
    {{ prefixed('pieces', agreed_key) }},
    pieces.cut_at as valid_from,
    pieces.next_cut_at as valid_to,
    cast(
        case coalesce(minor_units.exponent, 2)
            when 0 then cast(pieces.list_amount - amounts.amount as decimal(18, 0))
            when 3 then cast(pieces.list_amount - amounts.amount as decimal(18, 3))
            else cast(pieces.list_amount - amounts.amount as decimal(18, 2))
        end as decimal(24, 8)
    ) as discount_amount,
    pieces.discount_kind
from pieces
inner join amounts_{{ levels[-1] }} as amounts on {{ equal_keys('pieces', 'amounts', piece) }}
left join minor_units
    on
        pieces.source_system = minor_units.vendor
        and pieces.currency = minor_units.currency
