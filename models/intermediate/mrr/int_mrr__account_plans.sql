-- one row per account and instant of its movements: the plan that carries most of the account's MRR afterwards
with item_movements as (
    select
        *,
        coalesce(plan_id, '') as plan_name
    from {{ ref('int_mrr__item_movements') }}
),

rates as (
    select * from {{ ref('int_mrr__exchange_rates') }}
),

balances as (
    select
        account_id,
        plan_name,
        currency,
        rated_on,
        occurred_at,
        sum(mrr_change) over item_so_far as mrr,
        lead(occurred_at) over item_in_time as next_occurred_at
    from item_movements
    window item_in_time as (
        partition by account_id, source_system, subscription_id, item_id, lane, currency
        order by occurred_at, precedence
    ),
    item_so_far as (
        partition by account_id, source_system, subscription_id, item_id, lane, currency
        order by occurred_at, precedence
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

movements as (
    select
        item_movements.account_id,
        item_movements.occurred_at,
        min(item_movements.month_number) as month_number,
        min(account_plans.plan_name) as plan_name,
        min(account_plans.plan_count) as plan_count
    from item_movements
    inner join account_plans on item_movements.account_id = account_plans.account_id
    group by item_movements.account_id, item_movements.occurred_at
),

-- Use the rates of the movement's own month. Later rates would change the plan of closed months.
plan_balances as (
    select
        movements.account_id,
        movements.occurred_at,
        balances.plan_name,
        sum({{ convert_money('balances.mrr', 'rates.rate') }}) as mrr
    from movements
    inner join balances
        on
            movements.account_id = balances.account_id
            and movements.occurred_at >= balances.occurred_at
            and (balances.next_occurred_at is null or movements.occurred_at < balances.next_occurred_at)
    inner join rates
        on
            balances.currency = rates.currency
            and rates.valued_on = {{ valuation_day('movements.month_number', 'balances.rated_on') }}
    where
        movements.plan_count > 1
        and balances.mrr > 0
    group by movements.account_id, movements.occurred_at, balances.plan_name
),

plan_ranks as (
    select
        *,
        row_number() over (
            partition by account_id, occurred_at
            order by mrr desc, plan_name asc
        ) as plan_rank
    from plan_balances
)

-- Most accounts have only one plan, so they need no ranking.
select
    account_id,
    occurred_at,
    nullif(plan_name, '') as plan_id
from movements
where plan_count = 1
union all
select
    account_id,
    occurred_at,
    nullif(plan_name, '') as plan_id
from plan_ranks
where plan_rank = 1
