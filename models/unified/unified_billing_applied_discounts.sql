-- one row per item of a discounted subscription, part of its agreed terms, and discount that applies then
{{ config(enabled=has_branch('billing_terms')) }}
{%- set subscription = ['source_system', 'subscription_id'] %}
{%- set agreed_key = subscription + ['item_id', 'price_kind', 'agreed_from'] %}
with agreed as (
    select
        *,
        valid_from as agreed_from
    from {{ ref('unified_billing_agreed_terms') }}
    where price_kind = 'recurring' and unit_amount is not null
),

discounts as (
    {%- if has_branch('billing_discounts') %}
    {{- union_branches('billing_discounts', [
        'discount_id', 'subscription_id', 'item_id', 'discount_kind', 'percent_off', 'amount_off', 'currency',
        'precedence_rank', 'valid_from', 'valid_to',
    ]) }}
    {%- else %}
    select
        {{ subscription | join(', ') }},
        item_id,
        item_id as discount_id,
        discount_kind,
        discount_amount as percent_off,
        discount_amount as amount_off,
        currency,
        interval_count as precedence_rank,
        valid_from,
        valid_to
    from agreed
    where false
    {%- endif %}
),

-- A one-time discount lasts one billing interval of the item.
item_discounts as (
    select
        {{ prefixed('agreed', agreed_key) }},
        discounts.discount_id,
        discounts.discount_kind,
        discounts.percent_off,
        discounts.amount_off,
        discounts.precedence_rank,
        greatest(agreed.valid_from, discounts.valid_from) as applies_from,
        {{ earliest(
            earliest('agreed.valid_to', 'discounts.valid_to'),
            "case when discounts.discount_kind = 'once' then "
            ~ add_intervals('discounts.valid_from', 'agreed.interval_unit', 'agreed.interval_count') ~ ' end'
        ) }} as applies_to
    from agreed
    inner join discounts
        on
            {{ equal_keys('agreed', 'discounts', subscription) }}
            and coalesce(discounts.item_id, agreed.item_id) = agreed.item_id
            and (discounts.amount_off is null or coalesce(discounts.currency, agreed.currency) = agreed.currency)
),

applicable as (
    select * from item_discounts
    where coalesce(applies_to > applies_from, true)
),

discounted as (
    select distinct {{ subscription | join(', ') }} from applicable
),

-- Items share a fixed amount, so a change of one item cuts all items of its subscription.
cuts as (
    select
        {{ subscription | join(', ') }},
        applies_from as cut_at
    from applicable
    union
    select
        {{ subscription | join(', ') }},
        applies_to as cut_at
    from applicable
    where applies_to is not null
    union
    select
        {{ prefixed('agreed', subscription) }},
        agreed.valid_from as cut_at
    from agreed
    inner join discounted on {{ equal_keys('agreed', 'discounted', subscription) }}
),

pieces as (
    select
        agreed.*,
        cuts.cut_at,
        coalesce(
            lead(cuts.cut_at) over (partition by {{ prefixed('agreed', agreed_key) }} order by cuts.cut_at),
            agreed.valid_to
        ) as next_cut_at
    from agreed
    inner join cuts
        on
            {{ equal_keys('agreed', 'cuts', subscription) }}
            and agreed.valid_from <= cuts.cut_at
            and coalesce(agreed.valid_to > cuts.cut_at, true)
    where agreed.discount_amount is null
),

running_discounts as (
    select
        {{ prefixed('pieces', agreed_key) }},
        pieces.cut_at,
        pieces.next_cut_at,
        pieces.currency,
        cast(pieces.quantity * pieces.unit_amount as decimal(24, 8)) as list_amount,
        applicable.discount_id,
        applicable.discount_kind,
        applicable.percent_off,
        applicable.amount_off,
        applicable.precedence_rank,
        min(case when applicable.precedence_rank > 1 then applicable.precedence_rank end) over (
            partition by {{ prefixed('pieces', subscription) }}, pieces.cut_at
        ) as counted_rank
    from pieces
    left join applicable
        on
            {{ equal_keys('pieces', 'applicable', agreed_key) }}
            and pieces.cut_at >= applicable.applies_from
            and coalesce(pieces.cut_at < applicable.applies_to, true)
)

-- Level 1 has the discounts of the item. Level 2 has those of the subscription, or of the customer if it has none.
select
    {{ agreed_key | join(',\n    ') }},
    cut_at,
    next_cut_at,
    currency,
    list_amount,
    case when precedence_rank = 1 or precedence_rank = counted_rank then discount_id end as discount_id,
    discount_kind,
    percent_off,
    amount_off,
    case when precedence_rank = 1 then 1 when precedence_rank = counted_rank then 2 end as discount_level,
    cast(row_number() over (
        partition by {{ agreed_key | join(', ') }}, cut_at, precedence_rank
        order by percent_off desc nulls last, discount_id asc
    ) as bigint) as discount_order
from running_discounts
