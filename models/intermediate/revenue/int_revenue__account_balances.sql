-- one row per account, instant and kind of booking, with the account's balance before and after
{{ config(materialized='view') }}
{%- set parts = ['volume_mrr', 'price_mrr', 'discount_mrr', 'pause_mrr'] %}
{%- set so_far -%}
    partition by account_id
    order by occurred_at, booking_order
    rows between unbounded preceding and current row
{%- endset %}
with item_ledger as (
    select * from {{ ref('int_revenue__item_ledger') }}
),

item_movements as (
    select * from {{ ref('int_revenue__item_movements') }}
),

-- A new plan at the same price moves no money, and yet the account.
changes as (
    select
        account_id,
        occurred_at,
        booking_order,
        month_number,
        mrr_change,
        constant_change,
        {{ parts | join(', ') }},
        active_change,
        change_count
    from item_ledger
    union all
    select
        account_id,
        booked_at as occurred_at,
        booking_order,
        {{ local_month('booked_at') }} as month_number,
        0 as mrr_change,
        0 as constant_change,
        {% for part in parts -%}
        0 as {{ part }},
        {% endfor -%}
        0 as active_change,
        0 as change_count
    from item_movements
    where changes_plan
),

totals as (
    select
        account_id,
        occurred_at,
        booking_order,
        month_number,
        sum(mrr_change) as mrr_change,
        sum(constant_change) as constant_change,
        {%- for part in parts %}
        sum({{ part }}) as {{ part }},
        {%- endfor %}
        sum(active_change) as active_change,
        sum(change_count) as change_count
    from changes
    group by account_id, occurred_at, booking_order, month_number
),

running as (
    select
        *,
        sum(mrr_change) over account_so_far as mrr_after,
        sum(active_change) over account_so_far as active_after,
        sum(case when mrr_change <> 0 then 1 else 0 end) over account_so_far as change_number,
        {%- if not has_customers_at_zero() %}
        lag(occurred_at) over account_so_far as last_left_at,
        {%- endif %}
        coalesce(lag(month_number) over account_so_far <> month_number, true)
        and coalesce(lead(month_number) over account_so_far <> month_number, true) as is_only_in_month
    from totals
    window account_so_far as ({{ so_far }})
),
{% if has_customers_at_zero() %}
-- An account without any active item has left; it is a customer again once it pays again.
spells as (
    select
        *,
        sum(case when active_after = 0 then 1 else 0 end) over ({{ so_far }})
        - case when active_after = 0 then 1 else 0 end as spell
    from running
),

stated as (
    select
        *,
        active_after > 0
        and max(mrr_after) over (
            partition by account_id, spell
            order by occurred_at, booking_order
            rows between unbounded preceding and current row
        ) > 0 as is_customer
    from spells
),

compared as (
    select
        *,
        coalesce(lag(is_customer) over (partition by account_id order by occurred_at, booking_order), false)
            as was_customer
    from stated
),

numbered as (
    select
        *,
        sum(case when mrr_change <> 0 or (was_customer and not is_customer) then 1 else 0 end) over ({{ so_far }})
            as movement_number,
        mrr_change <> 0 or (was_customer and not is_customer) as is_movement,
        max(case when was_customer and not is_customer then occurred_at end) over ({{ so_far }}) as last_left_at
    from compared
)

-- What an account had before its first payment, say a free plan, is no part of its history.
select * from numbered
where movement_number > 0
{% else %}
numbered as (
    select
        *,
        mrr_after > 0 as is_customer,
        mrr_after > mrr_change as was_customer,
        change_number as movement_number,
        mrr_change <> 0 as is_movement
    from running
)

select * from numbered
{% endif %}
