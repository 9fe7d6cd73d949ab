-- The input of a spine with the monthly values of the project: one row per interval of service at one price.
create view spine.periods as
select
    account_id,
    currency,
    starts_at,
    ends_at,
    mrr as monthly_amount
from intermediate.int_subscriptions__mrr_intervals
where is_counted;

create view spine.rates as
select
    currency,
    rate_on,
    rate
from unified.unified_fx_rates
