-- one row per currency and day whose rate values something; rate is null if none is known
with intervals as (
    select
        currency,
        rated_on,
        {{ earliest('starts_at', as_of()) }} as first_at,
        {{ earliest('ends_at', as_of()) }} as last_at
    from {{ ref('int_subscriptions__mrr_intervals') }}
),

rates as (
    select * from {{ ref('unified_fx_rates') }}
    where rate_on <= {{ as_of_day() }}
),

currencies as (
    select
        currency,
        greatest({{ local_month('min(first_at)') }}, {{ first_month_number() }}) as first_month,
        {{ local_month('max(last_at)') }} as last_month
    from intervals
    group by currency
),

months as (
    select
        currency,
        {{ expand_numbers('first_month', 'last_month') }} as month_number
    from currencies
    where {{ policy_is('fx_policy', 'period_end_rate') }}
),

-- Rates for constant currency may have any age, because the currency may no longer be in use.
valuation_days as (
    select
        currency,
        {{ constant_rate_day() }} as valued_on,
        case when {{ policy_is('fx_policy', 'fixed_rate') }} then 1 else 0 end as is_required
    from currencies
    union all
    select
        currency,
        {{ valuation_day('month_number', none) }} as valued_on,
        1 as is_required
    from months
    union all
    select distinct
        currency,
        {{ valuation_day(none, 'rated_on') }} as valued_on,
        1 as is_required
    from intervals
    where {{ policy_is('fx_policy', 'service_start_rate') }}
),

-- The last day with a rate up to each valuation day, or else the first day with a rate. A window avoids a range join.
timeline as (
    select
        currency,
        valued_on as known_on,
        valued_on,
        is_required,
        cast(null as date) as rate_on
    from valuation_days
    union all
    select
        currency,
        rate_on as known_on,
        cast(null as date) as valued_on,
        0 as is_required,
        rate_on
    from rates
),

known_rates as (
    select
        currency,
        valued_on,
        is_required,
        coalesce(
            max(rate_on) over (
                partition by currency
                order by known_on
                range between unbounded preceding and current row
            ),
            min(rate_on) over (partition by currency)
        ) as rate_on
    from timeline
),

latest_rates as (
    select
        currency,
        valued_on,
        max(is_required) as is_required,
        max(rate_on) as rate_on
    from known_rates
    where valued_on is not null
    group by currency, valued_on
)

select
    latest.currency,
    latest.valued_on,
    cast(
        case
            when latest.currency = '{{ policy('reporting_currency') }}' then 1
            when
                latest.is_required = 0
                or latest.valued_on <= {{ dbt.dateadd('day', policy('fx_max_age_days'), 'latest.rate_on') }}
                then rates.rate
        end as decimal(24, 12)
    ) as rate
from latest_rates as latest
left join rates on latest.currency = rates.currency and latest.rate_on = rates.rate_on
