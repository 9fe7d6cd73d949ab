-- one row per subscription item, lane, currency and booked movement of its account; in the item's own currency
{{ config(materialized='view') }}
{%- set item = 'source_system, subscription_id, item_id, lane' %}
{%- set is_rated_at_start = policy('fx_policy') == 'service_start_rate' %}
with booked as (
    select
        *,
        -- An opening balance holds merges with what else happened at their instant, which comes after them.
        case when is_merge then {{ dbt.dateadd('microsecond', -1, 'occurred_at') }} else occurred_at end as sequence_at,
        case when is_pause then mrr_change else 0 end as pause_mrr,
        case when is_pause then 0 else volume_mrr end as counted_volume_mrr,
        case when is_pause then 0 else price_mrr end as counted_price_mrr,
        case when is_pause then 0 else discount_mrr end as counted_discount_mrr
    from {{ ref('int_revenue__booked_changes') }}
)

select
    account_id,
    booked_at,
    cast(booking_order as tinyint) as booking_order,
    {{ item }},
    currency,
    {%- if is_rated_at_start %}
    min_by(rated_on, sequence_at) as rated_on_before,
    max_by(rated_on, sequence_at) as rated_on,
    {%- endif %}
    cast(sum(mrr_change) as decimal(18, 4)) as mrr_change,
    cast(sum(counted_volume_mrr) as decimal(18, 4)) as volume_mrr,
    cast(sum(counted_price_mrr) as decimal(18, 4)) as price_mrr,
    cast(sum(counted_discount_mrr) as decimal(18, 4)) as discount_mrr,
    cast(sum(pause_mrr) as decimal(18, 4)) as pause_mrr,
    cast(sum(active_change) as integer) as active_change,
    cast(count(*) as integer) as change_count,
    -- An item may go on without a plan.
    nullif(
        max_by(coalesce(case when active_change < 0 then plan_before else plan_after end, ''), sequence_at), ''
    ) as plan_id,
    sum(active_change) = 0
    and min_by(coalesce(plan_before, ''), sequence_at) <> max_by(coalesce(plan_after, ''), sequence_at) as changes_plan,
    max_by(end_kind, sequence_at) as end_kind,
    max_by(end_reason, sequence_at) as end_reason,
    max_by(_batch_id, sequence_at) as source_batch_id
from booked
group by account_id, booked_at, booking_order, {{ item }}, currency
