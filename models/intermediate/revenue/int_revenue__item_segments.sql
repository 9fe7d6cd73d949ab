-- one row per subscription item and stretch of paid service at one price; the stretches of an item never overlap
{%- set item = 'source_system, subscription_id, item_id, is_counted' %}
with settled as (
    select * from {{ ref('int_revenue__refunded_segments') }}
),

running as (
    select * from settled
    where {{ counts_as_active('settled_mrr', 'status') }}
)

select
    source_system,
    subscription_id,
    item_id,
    account_id,
    plan_id,
    currency,
    price_kind,
    is_counted,
    status,
    quantity,
    unit_amount,
    interval_unit,
    interval_count,
    settled_start as starts_at,
    settled_end as ends_at,
    list_mrr,
    list_mrr - settled_mrr as discount_mrr,
    settled_mrr as mrr,
    end_kind,
    end_reason,
    cancel_requested_at,
    is_replaced,
    {%- if policy('fx_policy') == 'service_start_rate' %}
    -- The day of the last start that followed a hole in the item's service.
    {{ local_day('max(case when is_start then settled_start end) over item_so_far') }} as rated_on,
    {%- endif %}
    _batch_id
from {% if policy('fx_policy') == 'service_start_rate' -%}
(
    select
        *,
        coalesce(
            settled_start > {{ dbt.dateadd('minute', policy('grouping_window'), 'lag(settled_end) over item_in_time') }}
            or lag(currency) over item_in_time <> currency,
            true
        ) as is_start
    from running
    window item_in_time as (partition by {{ item }} order by settled_start)
) as started
window item_so_far as (
    partition by {{ item }} order by settled_start rows between unbounded preceding and current row
)
{%- else -%}
running
{%- endif %}
