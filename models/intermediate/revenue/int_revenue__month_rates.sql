-- one row per currency and month in which the currency may be in use; rate is null where none is known
with segments as (
    select * from {{ ref('int_revenue__item_segments') }}
),

rates as (
    select * from {{ ref('unified_fx_rates') }}
),

used as (
    select
        currency,
        min({{ month_number(earliest('starts_at', as_of())) }}) as first_month,
        max({{ month_number(earliest('ends_at', as_of())) }}) as last_month
    from segments
    group by currency
),

months as (
    select
        currency,
        {{ expand_numbers('first_month', 'last_month') }} as month_number
    from used
),

valuation_days as (
    select
        currency,
        cast(month_number as integer) as month_number,
        case
            when month_number = {{ month_number(as_of()) }} then cast({{ as_of() }} as date)
            else cast({{ dbt.dateadd('day', -1, month_start('month_number + 1')) }} as date)
        end as valued_on
    from months
),

-- The last rate of each month, then the last month that has one: equality joins only.
last_days as (
    select
        currency,
        {{ month_number('rate_on') }} as month_number,
        max(rate_on) as rate_on
    from rates
    where rate_on <= cast({{ as_of() }} as date)
    group by currency, {{ month_number('rate_on') }}
),

timeline as (
    select
        currency,
        month_number,
        max(valued_on) as valued_on,
        max(rate_on) as rate_on
    from (
        select
            currency,
            month_number,
            valued_on,
            cast(null as date) as rate_on
        from valuation_days
        union all
        select
            currency,
            month_number,
            cast(null as date) as valued_on,
            rate_on
        from last_days
    ) as combined
    group by currency, month_number
),

carried as (
    select
        currency,
        month_number,
        valued_on,
        max(rate_on) over (
            partition by currency
            order by month_number
            rows between unbounded preceding and current row
        ) as rate_on
    from timeline
),

valued as (
    select
        carried.currency,
        carried.month_number,
        carried.valued_on,
        case
            when carried.currency = '{{ policy('reporting_currency') }}' then 1
            when carried.valued_on <= {{ dbt.dateadd('day', policy('fx_max_age_days'), 'carried.rate_on') }}
                then rates.rate
        end as rate
    from carried
    left join rates on carried.currency = rates.currency and carried.rate_on = rates.rate_on
    where carried.valued_on is not null
)

select
    currency,
    month_number,
    valued_on,
    cast(rate as decimal(24, 12)) as rate
from valued
