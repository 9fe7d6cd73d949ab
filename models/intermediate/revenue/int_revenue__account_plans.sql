-- one row per account and booked movement: the plan that carries most of the account's MRR afterwards
with changes as (
    select * from {{ ref('int_revenue__booked_changes') }}
),

-- Balances are compared, not reported: one fixed rate per currency lets every one of them end at exactly zero.
rates as (
    select * from {{ ref('int_revenue__exchange_rates') }}
    where valued_on = {{ constant_rate_day() }}
),

deltas as (
    select
        account_id,
        booked_at,
        currency,
        plan_before as plan_id,
        -mrr_before as mrr_change
    from changes
    where mrr_before > 0
    union all
    select
        account_id,
        booked_at,
        currency,
        plan_after as plan_id,
        mrr_after as mrr_change
    from changes
    where mrr_after > 0
),

plan_changes as (
    select
        deltas.account_id,
        deltas.booked_at,
        coalesce(deltas.plan_id, '') as plan_id,
        sum({{ convert_money('deltas.mrr_change', 'rates.rate') }}) as mrr_change
    from deltas
    inner join rates on deltas.currency = rates.currency
    group by deltas.account_id, deltas.booked_at, coalesce(deltas.plan_id, '')
),

account_plans as (
    select
        account_id,
        plan_id,
        count(*) over (partition by account_id) as plan_count
    from plan_changes
    group by account_id, plan_id
),

bookings as (
    select distinct
        account_id,
        booked_at
    from changes
),

-- Most accounts only ever have one plan.
single as (
    select
        bookings.account_id,
        bookings.booked_at,
        account_plans.plan_id
    from bookings
    inner join account_plans on bookings.account_id = account_plans.account_id
    where account_plans.plan_count = 1
),

balances as (
    select
        bookings.account_id,
        bookings.booked_at,
        account_plans.plan_id,
        sum(coalesce(plan_changes.mrr_change, 0)) over (
            partition by bookings.account_id, account_plans.plan_id
            order by bookings.booked_at
            rows between unbounded preceding and current row
        ) as mrr
    from bookings
    inner join account_plans on bookings.account_id = account_plans.account_id
    left join plan_changes
        on
            bookings.account_id = plan_changes.account_id
            and bookings.booked_at = plan_changes.booked_at
            and account_plans.plan_id = plan_changes.plan_id
    where account_plans.plan_count > 1
),

largest as (
    select
        account_id,
        booked_at,
        plan_id
    from (
        select
            *,
            row_number() over (
                partition by account_id, booked_at
                order by mrr desc, plan_id asc
            ) as mrr_rank
        from balances
        where mrr > 0
    ) as ranked
    where mrr_rank = 1
),

combined as (
    select * from single
    union all
    select * from largest
)

select
    account_id,
    booked_at,
    nullif(plan_id, '') as plan_id
from combined
