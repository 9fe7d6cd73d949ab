-- A contract that falls due needs a rate at the end of its due month, or at as_of, at most fx_max_age_days old.
-- Land the missing days in fx_rates, add them to seeds/fx_rates.csv, or raise fx_max_age_days.
select
    currency,
    valued_on as missing_rate_on
from {{ ref('int_renewals__rates') }}
where rate is null
order by currency, valued_on
