-- one row per subscription item, currency and movement of its account or monthly revaluation; in the reporting currency
{%- set item = 'source_system, subscription_id, item_id' %}
with item_movements as (
    select * from {{ ref('int_revenue__item_movements') }}
),

rates as (
    select * from {{ ref('int_revenue__month_rates') }}
),

-- Before and after are both valued at the rate of the month, so that balances, not differences, are rounded.
movements as (
    select
        item_movements.account_id,
        item_movements.booked_at as occurred_at,
        {{ month_number('item_movements.booked_at') }} as month_number,
        false as is_fx_impact,
        item_movements.source_system,
        item_movements.subscription_id,
        item_movements.item_id,
        item_movements.currency,
        item_movements.plan_id,
        cast(
            {{ convert_money('item_movements.mrr_after', 'rates.rate') }}
            - {{ convert_money('item_movements.mrr_after - item_movements.mrr_change', 'rates.rate') }}
            as decimal(18, 4)
        ) as mrr_change,
        {{ convert_money('item_movements.volume_mrr', 'rates.rate') }} as volume_mrr,
        {{ convert_money('item_movements.price_mrr', 'rates.rate') }} as price_mrr,
        {{ convert_money('item_movements.discount_mrr', 'rates.rate') }} as discount_mrr,
        item_movements.end_kind,
        item_movements.end_reason,
        item_movements.source_batch_id
    from item_movements
    left join rates
        on
            item_movements.currency = rates.currency
            and {{ month_number('item_movements.booked_at') }} = rates.month_number
),

-- A foreign balance is revalued at the opening of every month that it is carried into.
carried as (
    select
        *,
        cast({{ expand_numbers('first_month', 'last_month') }} as integer) as month_number
    from (
        select
            *,
            {{ month_number('booked_at') }} + 1 as first_month,
            coalesce({{ month_number('next_booked_at') }}, {{ month_number(as_of()) }}) as last_month
        from item_movements
        where
            currency <> '{{ policy('reporting_currency') }}'
            and mrr_after > 0
    ) as foreign_balances
    where first_month <= last_month
),

revaluations as (
    select
        carried.account_id,
        cast({{ month_start('carried.month_number') }} as timestamp) as occurred_at,
        carried.month_number,
        true as is_fx_impact,
        carried.source_system,
        carried.subscription_id,
        carried.item_id,
        carried.currency,
        carried.plan_id,
        cast(
            {{ convert_money('carried.mrr_after', 'rates.rate') }}
            - {{ convert_money('carried.mrr_after', 'previous_rates.rate') }}
            as decimal(18, 4)
        ) as mrr_change,
        cast(0 as decimal(18, 4)) as volume_mrr,
        cast(0 as decimal(18, 4)) as price_mrr,
        cast(0 as decimal(18, 4)) as discount_mrr,
        cast(null as varchar) as end_kind,
        cast(null as varchar) as end_reason,
        carried.source_batch_id
    from carried
    left join rates
        on carried.currency = rates.currency and carried.month_number = rates.month_number
    left join rates as previous_rates
        on carried.currency = previous_rates.currency and carried.month_number - 1 = previous_rates.month_number
    where rates.rate <> previous_rates.rate
),

ledger as (
    select * from movements
    union all
    select * from revaluations
)

select
    *,
    cast(mrr_change - volume_mrr - price_mrr - discount_mrr as decimal(18, 4)) as other_mrr
from ledger
where mrr_change <> 0
