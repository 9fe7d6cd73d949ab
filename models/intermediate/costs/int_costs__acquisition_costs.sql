-- one row per month, channel and currency with acquisition costs; rate is null if none is known
with costs as (
    select
        *,
        {{ month_number('month') }} as month_number
    from {{ ref('unified_acquisition_costs') }}
),

rates as (
    select * from {{ ref('unified_fx_rates') }}
),

-- Costs use the same rate as the balances of their month: the last known rate at its end, or at the day of as_of.
valuation_days as (
    select distinct
        currency,
        month_number,
        {% if policy('fx_policy') == 'fixed_rate' -%}
        {{ constant_rate_day() }}
        {%- else -%}
        case
            when month_number = {{ as_of_month() }} then {{ as_of_day() }}
            else cast({{ dbt.dateadd('day', -1, month_start('month_number + 1')) }} as date)
        end
        {%- endif %} as valued_on
    from costs
    where month_number <= {{ as_of_month() }}
),

-- A range join is cheap here, because few currencies and months have costs.
latest_rates as (
    select
        valuation_days.currency,
        valuation_days.month_number,
        valuation_days.valued_on,
        {{ last_by('rates.rate', 'rates.rate_on') }} as rate
    from valuation_days
    left join rates
        on
            valuation_days.currency = rates.currency
            and valuation_days.valued_on >= rates.rate_on
            and valuation_days.valued_on <= {{ dbt.dateadd('day', policy('fx_max_age_days'), 'rates.rate_on') }}
    group by valuation_days.currency, valuation_days.month_number, valuation_days.valued_on
),

valuations as (
    select
        currency,
        month_number,
        valued_on,
        cast(
            case when currency = '{{ policy('reporting_currency') }}' then 1 else rate end as decimal(24, 12)
        ) as rate
    from latest_rates
)

select
    costs.month_number,
    costs.channel,
    costs.currency,
    valuations.valued_on,
    valuations.rate,
    costs.amount,
    {{ convert_money('costs.amount', 'valuations.rate') }} as acquisition_cost
from costs
inner join valuations
    on
        costs.currency = valuations.currency
        and costs.month_number = valuations.month_number
