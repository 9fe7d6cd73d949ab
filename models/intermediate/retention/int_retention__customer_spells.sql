-- one row per account and spell, which is an uninterrupted time as a customer
{{ config(materialized=inlined()) }}
with movements as (
    select
        account_id,
        movement_number,
        occurred_at,
        movement_type,
        was_customer,
        is_customer
    from {{ ref('int_mrr__account_movements') }}
),

plans as (
    select * from {{ ref('int_mrr__account_plans') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

-- A spell starts with the first payment or a reactivation and ends with churn. A merge into another account censors the
-- spell, so it ends without churn.
bounds as (
    select
        account_id,
        movement_number,
        occurred_at,
        case
            when movement_type in ('new', 'reactivation') then 'start'
            when movement_type = 'churn' then 'churn'
            else 'cut'
        end as bound
    from movements
    where
        movement_type in ('new', 'reactivation', 'churn')
        or (movement_type = 'merge' and was_customer and not is_customer)
),

bound_pairs as (
    select
        *,
        lead(occurred_at) over (partition by account_id order by movement_number) as next_at,
        lead(bound) over (partition by account_id order by movement_number) as next_bound
    from bounds
),

spells as (
    select
        *,
        coalesce(next_at, {{ as_of() }}) as ended_at
    from bound_pairs
    where bound = 'start'
)

select
    spells.account_id,
    cast(row_number() over (
        partition by spells.account_id order by spells.movement_number
    ) as integer) as spell_number,
    spells.occurred_at as started_at,
    spells.ended_at,
    coalesce(spells.next_bound = 'churn', false) as has_churned,
    cast({{ completed_months(
        local_time('spells.occurred_at'), local_time('spells.ended_at')
    ) }} as integer) as tenure_months,
    {{ slice_attributes('accounts', 'plans.plan_id') }}
from spells
inner join accounts on spells.account_id = accounts.account_id
left join plans
    on
        spells.account_id = plans.account_id
        and spells.occurred_at = plans.occurred_at
