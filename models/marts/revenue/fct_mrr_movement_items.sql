-- one row per account movement, subscription item and currency of the item
{{ config(materialized='view') }}
with item_ledger as (
    {%- if policy('usage_policy') == 'exclude' %}
    select * from {{ ref('int_mrr__item_ledger') }}
    where mrr_change <> 0
    {%- else %}
    -- An item is the sum of its fee and its usage charges. If the fee changes, the item has the plan of the fee.
    select
        account_id,
        occurred_at,
        precedence,
        month_number,
        subscription_id,
        item_id,
        currency,
        {{ first_by('plan_id', 'lane') }} as plan_id,
        {%- for amount in ['mrr_change', 'volume_mrr', 'price_mrr', 'discount_mrr'] %}
        cast(sum({{ amount }}) as decimal(18, 4)) as {{ amount }},
        {%- endfor %}
        {{ first_by('source_batch_id', 'lane') }} as source_batch_id
    from {{ ref('int_mrr__item_ledger') }}
    where mrr_change <> 0
    group by account_id, occurred_at, precedence, month_number, subscription_id, item_id, currency
    having sum(mrr_change) <> 0
    {%- endif %}
),

movements as (
    select
        account_id,
        occurred_at,
        precedence
    from {{ ref('int_mrr__account_movements') }}
    where movement_type is not null
)

select
    case
        when movements.account_id is not null
            then {{ movement_id('item_ledger.account_id', 'item_ledger.occurred_at', 'item_ledger.precedence') }}
    end as movement_id,
    item_ledger.account_id,
    item_ledger.subscription_id,
    item_ledger.item_id,
    item_ledger.plan_id,
    item_ledger.currency,
    item_ledger.occurred_at,
    {{ month_start('item_ledger.month_number') }} as month,
    item_ledger.mrr_change,
    item_ledger.volume_mrr,
    item_ledger.price_mrr,
    item_ledger.discount_mrr,
    cast(
        item_ledger.mrr_change - item_ledger.volume_mrr - item_ledger.price_mrr - item_ledger.discount_mrr
        as decimal(18, 4)
    ) as other_mrr,
    item_ledger.source_batch_id
from item_ledger
left join movements
    on
        item_ledger.account_id = movements.account_id
        and item_ledger.occurred_at = movements.occurred_at
        and item_ledger.precedence = movements.precedence
