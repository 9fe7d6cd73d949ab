-- one row per account, instant and precedence of its movements, with the account's balance before and after
{{ config(materialized=inlined()) }}
{%- set parts = ['volume_mrr', 'price_mrr', 'discount_mrr', 'pause_mrr'] %}
with item_ledger as (
    select * from {{ ref('int_mrr__item_ledger') }}
),

item_movements as (
    select * from {{ ref('int_mrr__item_movements') }}
),

-- A plan change at an unchanged price changes no MRR but still counts as an account event.
changes as (
    select
        account_id,
        occurred_at,
        precedence,
        month_number,
        mrr_change,
        mrr_change_constant,
        {{ parts | join(', ') }},
        active_change,
        change_count
    from item_ledger
    union all
    select
        account_id,
        occurred_at,
        precedence,
        month_number,
        0 as mrr_change,
        0 as mrr_change_constant,
        {% for part in parts -%}
        0 as {{ part }},
        {% endfor -%}
        0 as active_change,
        0 as change_count
    from item_movements
    where changes_plan
),

events as (
    select
        account_id,
        occurred_at,
        precedence,
        month_number,
        sum(mrr_change) as mrr_change,
        sum(mrr_change_constant) as mrr_change_constant,
        {%- for part in parts %}
        sum({{ part }}) as {{ part }},
        {%- endfor %}
        sum(active_change) as active_change,
        sum(change_count) as change_count
    from changes
    group by account_id, occurred_at, precedence, month_number
),

balances as (
    select
        *,
        sum(mrr_change) over account_so_far as mrr_after,
        sum(active_change) over account_so_far as active_after,
        sum(case when mrr_change <> 0 then 1 else 0 end) over account_so_far as change_number,
        coalesce(lag(month_number) over account_in_time <> month_number, true)
        and coalesce(lead(month_number) over account_in_time <> month_number, true) as is_only_in_month
    from events
    window account_in_time as (partition by account_id order by occurred_at, precedence),
    account_so_far as (
        partition by account_id
        order by occurred_at, precedence
        rows between unbounded preceding and current row
    )
),

-- A spell ends when the account has no active item left. Only policies that allow customers without MRR use spells.
spells as (
    select
        *,
        -case when active_after = 0 then 1 else 0 end
        + sum(case when active_after = 0 then 1 else 0 end) over account_so_far as spell_number
    from balances
    window account_so_far as (
        partition by account_id
        order by occurred_at, precedence
        rows between unbounded preceding and current row
    )
),

customers as (
    select
        *,
        case
            when not {{ has_customers_at_zero() }} then mrr_after > 0
            else
                active_after > 0
                and max(mrr_after) over (
                    partition by account_id, spell_number
                    order by occurred_at, precedence
                    rows between unbounded preceding and current row
                ) > 0
        end as is_customer
    from spells
),

neighbours as (
    select
        *,
        case
            when not {{ has_customers_at_zero() }} then mrr_after > mrr_change
            else coalesce(lag(is_customer) over (partition by account_id order by occurred_at, precedence), false)
        end as was_customer
    from customers
),

movements as (
    select
        *,
        mrr_change <> 0 or (was_customer and not is_customer) as is_movement,
        case
            when not {{ has_customers_at_zero() }} then change_number
            else sum(
                case when mrr_change <> 0 or (was_customer and not is_customer) then 1 else 0 end
            ) over account_so_far
        end as movement_number,
        max(case when was_customer and not is_customer then occurred_at end) over account_so_far as last_left_at
    from neighbours
    window account_so_far as (
        partition by account_id
        order by occurred_at, precedence
        rows between unbounded preceding and current row
    )
)

-- The history of an account starts with its first payment. Rows before it, such as a free plan, are left out.
select * from movements
where movement_number > 0 or not {{ has_customers_at_zero() }}
