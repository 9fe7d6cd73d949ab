-- one row per currency and month in which a contract or its renewal is valued; the rate is null if none is known
with contracts as (
    select * from {{ ref('int_renewals__contracts') }}
),

followers as (
    select * from {{ ref('int_renewals__followers') }}
),

rates as (
    select * from {{ ref('unified_fx_rates') }}
),

currency_months as (
    select
        currency,
        valued_month_number as month_number
    from contracts
    where falls_due and coalesce(amount, renewed_amount) is not null
    union
    select
        follower_currency as currency,
        valued_month_number as month_number
    from followers
    where follower_amount is not null
),

valuation_days as (
    select
        currency,
        cast(month_number as integer) as month_number,
        {%- if policy('fx_policy') == 'fixed_rate' %}
        {{ constant_rate_day() }} as valued_on
        {%- else %}
        case
            when month_number = {{ as_of_month() }} then {{ as_of_day() }}
            else cast({{ dbt.dateadd('day', -1, month_start('month_number + 1')) }} as date)
        end as valued_on
        {%- endif %}
    from currency_months
),

rate_days as (
    select
        valuation_days.currency,
        valuation_days.month_number,
        valuation_days.valued_on,
        max(rates.rate_on) as rate_on
    from valuation_days
    left join rates
        on
            valuation_days.currency = rates.currency
            and valuation_days.valued_on >= rates.rate_on
            and valuation_days.valued_on <= {{ dbt.dateadd('day', policy('fx_max_age_days'), 'rates.rate_on') }}
    group by valuation_days.currency, valuation_days.month_number, valuation_days.valued_on
)

select
    rate_days.currency,
    rate_days.month_number,
    rate_days.valued_on,
    cast(
        case
            when rate_days.currency = '{{ policy('reporting_currency') }}' then 1
            else rates.rate
        end as decimal(24, 12)
    ) as rate
from rate_days
left join rates on rate_days.currency = rates.currency and rate_days.rate_on = rates.rate_on
