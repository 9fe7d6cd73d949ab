-- A currency that is in use needs a rate for every day that values it, at most fx_max_age_days old. One that has no rate
-- at all is left out and told in _data_quality, unless most of the subscription periods are in such currencies.
-- Land the missing days in fx_rates, add them to seeds/fx_rates.csv, raise fx_max_age_days, or set reporting_currency.
with periods as (
    select
        currency,
        count(*) as periods
    from {{ ref('unified_subscription_periods') }}
    group by currency
)

select
    currency,
    valued_on as missing_rate_on
from {{ ref('int_revenue__exchange_rates') }}
where rate is null
union all
select
    currency,
    {{ as_of_day() }} as missing_rate_on
from periods
where
    not {{ has_exchange_rate('currency') }}
    and (
        select sum(case when {{ has_exchange_rate('currency') }} then -periods else periods end)
        from periods
    ) > 0
order by currency, missing_rate_on
