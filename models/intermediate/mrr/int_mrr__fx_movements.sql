-- one row per lane of an item in a foreign currency and movement of its account or monthly revaluation
{{ config(materialized=inlined()) }}
{%- set item = 'source_system, subscription_id, item_id, lane' %}
{%- set parts = ['volume_mrr', 'price_mrr', 'discount_mrr', 'pause_mrr'] %}
with item_movements as (
    select * from {{ ref('int_mrr__item_movements') }}
    where currency <> '{{ policy('reporting_currency') }}'
),

rates as (
    select * from {{ ref('int_mrr__exchange_rates') }}
),

balances as (
    select
        *,
        {{ valuation_day('month_number', 'rated_on') }} as valued_on,
        {{ valuation_day('month_number', 'rated_on_before') }} as valued_before_on,
        cast(sum(mrr_change) over item_so_far as decimal(18, 4)) as mrr_after,
        lead(month_number) over item_in_time as next_month_number
    from item_movements
    window item_in_time as (partition by account_id, {{ item }}, currency order by occurred_at, precedence),
    item_so_far as (
        partition by account_id, {{ item }}, currency
        order by occurred_at, precedence
        rows between unbounded preceding and current row
    )
),

-- Convert the balances before and after, not the change between them, because rounding applies to balances.
converted_movements as (
    select
        balances.account_id,
        balances.occurred_at,
        balances.precedence,
        balances.month_number,
        balances.source_system,
        balances.subscription_id,
        balances.item_id,
        balances.lane,
        balances.currency,
        balances.plan_id,
        cast(
            {{ convert_money('balances.mrr_after', 'rates.rate') }}
            - {{ convert_money('balances.mrr_after - balances.mrr_change', 'rates_before.rate') }} as decimal(18, 4)
        ) as mrr_change,
        cast(
            {{ convert_money('balances.mrr_after', 'constant_rates.rate') }}
            - {{ convert_money('balances.mrr_after - balances.mrr_change', 'constant_rates.rate') }} as decimal(18, 4)
        ) as mrr_change_constant,
        {%- for part in parts %}
        {{ convert_money('balances.' ~ part, 'rates.rate') }} as {{ part }},
        {%- endfor %}
        balances.active_change,
        balances.change_count,
        balances.end_kind,
        balances.end_reason,
        balances.source_batch_id
    from balances
    left join rates on balances.currency = rates.currency and balances.valued_on = rates.valued_on
    left join rates as rates_before
        on balances.currency = rates_before.currency and balances.valued_before_on = rates_before.valued_on
    left join rates as constant_rates
        on balances.currency = constant_rates.currency and constant_rates.valued_on = {{ constant_rate_day() }}
    where
        {{ changes_something('balances.mrr_change', 'balances.active_change') }}
        -- If the service starts anew on another day, the rate of that day revalues the remaining balance.
        or (balances.rated_on <> balances.rated_on_before and balances.mrr_after > 0)
),

-- Under period_end_rate, a balance is revalued at the opening of every month into which it is carried.
carried_balances as (
    select
        *,
        {{ expand_numbers('month_number + 1', 'coalesce(next_month_number, ' ~ as_of_month() ~ ')') }}
            as carried_month_number
    from balances
    where
        mrr_after > 0
        and month_number < coalesce(next_month_number, {{ as_of_month() }})
        and {{ policy_is('fx_policy', 'period_end_rate') }}
),

carried_months as (
    select distinct carried_month_number as month_number from carried_balances
),

month_rates as (
    select
        months.month_number,
        rates.currency,
        rates.rate,
        previous_rates.rate as previous_rate
    from carried_months as months
    inner join rates on rates.valued_on = {{ valuation_day('months.month_number', none) }}
    inner join rates as previous_rates
        on
            rates.currency = previous_rates.currency
            and previous_rates.valued_on = {{ valuation_day('months.month_number - 1', none) }}
    where rates.rate <> previous_rates.rate
),

revaluations as (
    select
        balances.account_id,
        {{ month_opens_at('balances.carried_month_number') }} as occurred_at,
        cast({{ precedence('fx_impact') }} as tinyint) as precedence,
        balances.carried_month_number as month_number,
        balances.source_system,
        balances.subscription_id,
        balances.item_id,
        balances.lane,
        balances.currency,
        balances.plan_id,
        cast(
            {{ convert_money('balances.mrr_after', 'month_rates.rate') }}
            - {{ convert_money('balances.mrr_after', 'month_rates.previous_rate') }} as decimal(18, 4)
        ) as mrr_change,
        cast(0 as decimal(18, 4)) as mrr_change_constant,
        {%- for part in parts %}
        cast(0 as decimal(18, 4)) as {{ part }},
        {%- endfor %}
        0 as active_change,
        1 as change_count,
        cast(null as string) as end_kind,
        cast(null as string) as end_reason,
        balances.source_batch_id
    from carried_balances as balances
    inner join month_rates
        on
            balances.currency = month_rates.currency
            and balances.carried_month_number = month_rates.month_number
)

select * from converted_movements
union all
select * from revaluations
