-- A currency in use needs a rate for every valuation day, at most fx_max_age_days old. The models leave out a currency
-- without any rate, and _data_quality reports it. This test fails if most subscription periods are in such currencies.
-- Land the missing days in fx_rates, add them to seeds/fx_rates.csv, raise fx_max_age_days, or set reporting_currency.
with currencies as (
    select
        currency,
        count(*) as periods,
        {{ has_exchange_rate('currency') }} as has_rate
    from {{ ref('unified_subscription_periods') }}
    group by currency
),

totals as (
    select
        sum(case when has_rate then 0 else periods end) as without_rate,
        sum(periods) as periods
    from currencies
)

select
    currency,
    valued_on as missing_rate_on
from {{ ref('int_mrr__exchange_rates') }}
where rate is null
union all
select
    currencies.currency,
    {{ as_of_day() }} as missing_rate_on
from currencies
cross join totals
where
    not currencies.has_rate
    and 2 * totals.without_rate > totals.periods
order by currency, missing_rate_on
