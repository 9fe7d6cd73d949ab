-- one row per currency, with its last known rate at as_of and the day of its first rate
{{ config(materialized=inlined()) }}
select
    currency,
    {{ last_by('rate', 'rate_on') }} as rate,
    min(rate_on) as first_rate_on
from {{ ref('unified_fx_rates') }}
where
    rate_on <= {{ as_of_day() }}
    and currency <> '{{ policy('reporting_currency') }}'
group by currency
union all
select
    '{{ policy('reporting_currency') }}' as currency,
    cast(1 as decimal(24, 12)) as rate,
    cast(null as date) as first_rate_on
