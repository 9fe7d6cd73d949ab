-- one row per currency and day whose rate values something; rate is null where none is known
{%- set fx_policy = policy('fx_policy') %}
with segments as (
    select
        currency,
        {%- if fx_policy == 'service_start_rate' %}
        rated_on,
        {%- endif %}
        {{ earliest('starts_at', as_of()) }} as first_at,
        {{ earliest('ends_at', as_of()) }} as last_at
    from {{ ref('int_revenue__item_segments') }}
),

rates as (
    select * from {{ ref('unified_fx_rates') }}
    where rate_on <= {{ as_of_day() }}
),

currencies as (
    select
        currency,
        {% if first_month_number() is not none -%}
        greatest({{ local_month('min(first_at)') }}, {{ first_month_number() }})
        {%- else -%}
        {{ local_month('min(first_at)') }}
        {%- endif %} as first_month,
        {{ local_month('max(last_at)') }} as last_month
    from segments
    group by currency
),

-- Rates of constant currency may be of any age, as the currency may be long out of use.
needed as (
    select
        currency,
        {{ constant_rate_day() }} as valued_on,
        {% if fx_policy == 'fixed_rate' %}1{% else %}0{% endif %} as is_required
    from currencies
    {%- if fx_policy == 'period_end_rate' %}
    union all
    select
        currency,
        {{ valuation_day('month_number', none) }} as valued_on,
        1 as is_required
    from (
        select
            currency,
            cast({{ expand_numbers('first_month', 'last_month') }} as integer) as month_number
        from currencies
    ) as months
    {%- elif fx_policy == 'service_start_rate' %}
    union all
    select distinct
        currency,
        {{ valuation_day(none, 'rated_on') }} as valued_on,
        1 as is_required
    from segments
    {%- endif %}
),

-- The last day with a rate up to each day, else the first one: equality joins only.
timeline as (
    select
        currency,
        valued_on as known_on,
        valued_on,
        is_required,
        cast(null as date) as rate_on
    from needed
    union all
    select
        currency,
        rate_on as known_on,
        cast(null as date) as valued_on,
        0 as is_required,
        rate_on
    from rates
),

carried as (
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

valued as (
    select
        currency,
        valued_on,
        max(is_required) as is_required,
        max(rate_on) as rate_on
    from carried
    where valued_on is not null
    group by currency, valued_on
)

select
    valued.currency,
    valued.valued_on,
    cast(
        case
            when valued.currency = '{{ policy('reporting_currency') }}' then 1
            when
                valued.is_required = 0
                or valued.valued_on <= {{ dbt.dateadd('day', policy('fx_max_age_days'), 'valued.rate_on') }}
                then rates.rate
        end as decimal(24, 12)
    ) as rate
from valued
left join rates on valued.currency = rates.currency and valued.rate_on = rates.rate_on
