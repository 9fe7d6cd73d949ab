-- A currency in which acquisition costs came needs a rate for the end of their month, at most fx_max_age_days old.
-- Land the missing days in fx_rates, add them to seeds/fx_rates.csv, or raise fx_max_age_days.
select distinct
    currency,
    valued_on as missing_rate_on
from {{ ref('int_revenue__acquisition_costs') }}
where rate is null
order by currency, valued_on
