-- The input of a spine as the playbook takes it: active periods of billing at list prices, as if in one currency.
create view spine.periods as
select
    account_id,
    'USD' as currency,
    period_start as starts_at,
    period_end as ends_at,
    money_monthly(quantity * unit_amount, interval_unit, interval_count, '52/12', '365/12') as monthly_amount
from unified.unified_subscription_periods
where
    price_kind = 'recurring'
    and status = 'active';

create view spine.rates as
select
    currency,
    rate_on,
    rate
from unified.unified_fx_rates
where false
