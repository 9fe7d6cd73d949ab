-- Renewal rates stay within their bounds. Every contract that falls due is in exactly one renewal. A renewal with a due
-- date in the future is open.
with renewals as (
    select * from {{ ref('renewals') }}
),

contracts as (
    select
        account_id,
        ends_on as due_on,
        count(*) as contracts
    from {{ ref('int_renewals__contracts') }}
    where falls_due
    group by account_id, ends_on
)

select
    'renewals_quarterly' as mart,
    quarter as due_on,
    dimension_value as label
from {{ ref('renewals_quarterly') }}
where
    gross_renewal_rate not between 0 and 1
    or gross_renewal_rate > net_renewal_rate
    or customer_renewal_rate not between 0 and 1
    or (gross_renewal_rate is null) <> (due = 0)
    or (customer_renewal_rate is null) <> (due_contracts = 0)
    or kept > due
    or kept > renewed
    or (is_complete and open_contracts > 0)
union all
select
    'renewals' as mart,
    coalesce(renewals.due_on, contracts.due_on) as due_on,
    coalesce(renewals.account_id, contracts.account_id) as label
from renewals
full outer join contracts on renewals.account_id = contracts.account_id and renewals.due_on = contracts.due_on
where
    renewals.contracts is distinct from contracts.contracts
    or (renewals.outcome <> 'open' and renewals.due_on > {{ as_of_day() }})
    or (renewals.outcome = 'open') <> (renewals.days_to_renewal is not null)
    or (renewals.likelihood is not null and (renewals.outcome <> 'open' or renewals.health_band is null))
    or (renewals.outcome = 'open' and renewals.health_band is not null and renewals.likelihood is null)
