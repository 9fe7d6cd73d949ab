-- one row per lane of a foreign item and movement of its account or monthly revaluation; in the reporting currency
{{ config(materialized='view') }}
{%- set terms = 'source_system, subscription_id, item_id, lane, currency, plan_id' %}
{%- set passed = 'active_change, change_count, end_kind, end_reason, source_batch_id' %}
{%- set fx_policy = policy('fx_policy') %}
{%- set parts = ['volume_mrr', 'price_mrr', 'discount_mrr', 'pause_mrr'] %}
with foreign_balances as (
    select * from {{ ref('int_revenue__foreign_balances') }}
),

rates as (
    select * from {{ ref('int_revenue__exchange_rates') }}
),

-- Before and after are valued, not the difference between them: balances are what is rounded.
converted as (
    select
        foreign_balances.account_id,
        foreign_balances.booked_at as occurred_at,
        foreign_balances.booking_order,
        foreign_balances.month_number,
        foreign_balances.{{ terms.replace(', ', ', foreign_balances.') }},
        {%- set before = 'foreign_balances.mrr_after - foreign_balances.mrr_change' %}
        {%- set rate_before = 'rates_before' if fx_policy == 'service_start_rate' else 'rates' %}
        cast(
            {{ convert_money('foreign_balances.mrr_after', 'rates.rate') }}
            - {{ convert_money(before, rate_before ~ '.rate') }} as decimal(18, 4)
        ) as mrr_change,
        cast(
            {{ convert_money('foreign_balances.mrr_after', 'constant_rates.rate') }}
            - {{ convert_money(before, 'constant_rates.rate') }} as decimal(18, 4)
        ) as constant_change,
        {%- for part in parts %}
        {{ convert_money('foreign_balances.' ~ part, 'rates.rate') }} as {{ part }},
        {%- endfor %}
        foreign_balances.{{ passed.replace(', ', ', foreign_balances.') }}
    from foreign_balances
    left join rates
        on foreign_balances.currency = rates.currency and foreign_balances.valued_on = rates.valued_on
    {%- if fx_policy == 'service_start_rate' %}
    left join rates as rates_before
        on
            foreign_balances.currency = rates_before.currency
            and foreign_balances.valued_before_on = rates_before.valued_on
    {%- endif %}
    left join rates as constant_rates
        on
            foreign_balances.currency = constant_rates.currency
            and constant_rates.valued_on = {{ constant_rate_day() }}
    where
        {{ changes_something() }}
        {%- if fx_policy == 'service_start_rate' %}
        -- What stays is revalued by the day of another start; what was over before it was booked has no value to change.
        or (foreign_balances.rated_on <> foreign_balances.rated_on_before and foreign_balances.mrr_after > 0)
        {%- endif %}
){% if fx_policy == 'period_end_rate' %},

-- A foreign balance is revalued at the opening of every month that it is carried into.
carried as (
    select
        *,
        cast({{ expand_numbers('month_number + 1', 'coalesce(next_month_number, ' ~ as_of_month() ~ ')') }} as integer)
            as carried_month_number
    from foreign_balances
    where
        mrr_after > 0
        and month_number < coalesce(next_month_number, {{ as_of_month() }})
),

month_rates as (
    select
        months.month_number,
        rates.currency,
        rates.rate,
        previous_rates.rate as previous_rate
    from (
        select distinct carried_month_number as month_number
        from carried
    ) as months
    inner join rates on rates.valued_on = {{ valuation_day('months.month_number', none) }}
    inner join rates as previous_rates
        on
            rates.currency = previous_rates.currency
            and previous_rates.valued_on = {{ valuation_day('months.month_number - 1', none) }}
    where rates.rate <> previous_rates.rate
),

revalued as (
    select
        carried.account_id,
        {{ month_opens_at('carried.carried_month_number') }} as occurred_at,
        cast(1 as tinyint) as booking_order,
        carried.carried_month_number as month_number,
        carried.{{ terms.replace(', ', ', carried.') }},
        cast(
            {{ convert_money('carried.mrr_after', 'month_rates.rate') }}
            - {{ convert_money('carried.mrr_after', 'month_rates.previous_rate') }} as decimal(18, 4)
        ) as mrr_change,
        cast(0 as decimal(18, 4)) as constant_change,
        {%- for part in parts %}
        cast(0 as decimal(18, 4)) as {{ part }},
        {%- endfor %}
        0 as active_change,
        1 as change_count,
        cast(null as varchar) as end_kind,
        cast(null as varchar) as end_reason,
        carried.source_batch_id
    from carried
    inner join month_rates
        on
            carried.currency = month_rates.currency
            and carried.carried_month_number = month_rates.month_number
){% endif %}

select * from converted
{%- if fx_policy == 'period_end_rate' %}
union all
select * from revalued
{%- endif %}
