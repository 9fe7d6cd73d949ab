-- one row per account and booked movement: the plan that carries most of the account's MRR afterwards
{%- set balance = 'account_id, source_system, subscription_id, item_id, lane, currency' %}
with item_movements as (
    select
        *,
        {% if policy('fx_policy') != 'service_start_rate' -%}
        cast(null as date) as rated_on,
        {% endif -%}
        coalesce(plan_id, '') as plan_name
    from {{ ref('int_revenue__item_movements') }}
),

rates as (
    select * from {{ ref('int_revenue__exchange_rates') }}
),

balances as (
    select
        account_id,
        plan_name,
        currency,
        rated_on,
        booked_at,
        sum(mrr_change) over item_so_far as mrr,
        lead(booked_at) over item_so_far as next_booked_at
    from item_movements
    window item_so_far as (
        partition by {{ balance }}
        order by booked_at, booking_order
        rows between unbounded preceding and current row
    )
),

account_plans as (
    select
        account_id,
        min(plan_name) as plan_name,
        count(distinct plan_name) as plan_count
    from balances
    where mrr > 0
    group by account_id
),

bookings as (
    select
        item_movements.account_id,
        item_movements.booked_at,
        {{ local_month('item_movements.booked_at') }} as month_number,
        min(account_plans.plan_name) as plan_name,
        min(account_plans.plan_count) as plan_count
    from item_movements
    inner join account_plans on item_movements.account_id = account_plans.account_id
    group by item_movements.account_id, item_movements.booked_at
),

-- At the rates of the movement's own month: those of a later day would move closed months from plan to plan.
weights as (
    select
        bookings.account_id,
        bookings.booked_at,
        balances.plan_name,
        sum({{ convert_money('balances.mrr', 'rates.rate') }}) as mrr
    from bookings
    inner join balances
        on
            bookings.account_id = balances.account_id
            and bookings.booked_at >= balances.booked_at
            and (balances.next_booked_at is null or bookings.booked_at < balances.next_booked_at)
    inner join rates
        on
            balances.currency = rates.currency
            and rates.valued_on = {{ valuation_day('bookings.month_number', 'balances.rated_on') }}
    where
        bookings.plan_count > 1
        and balances.mrr > 0
    group by bookings.account_id, bookings.booked_at, balances.plan_name
),

-- Most accounts only ever have one plan.
combined as (
    select
        account_id,
        booked_at,
        plan_name
    from bookings
    where plan_count = 1
    union all
    select
        account_id,
        booked_at,
        plan_name
    from (
        select
            *,
            row_number() over (
                partition by account_id, booked_at
                order by mrr desc, plan_name asc
            ) as mrr_rank
        from weights
    ) as ranked
    where mrr_rank = 1
)

select
    account_id,
    booked_at,
    nullif(plan_name, '') as plan_id
from combined
