-- one row per subscription item, lane and stretch of service at one price, before refunds and first payments
{{ config(materialized='view') }}
{%- set has_grace = policy('past_due_grace_days') != 'never' %}
{%- set pauses_to_zero = policy('pause_policy') == 'zero_as_contraction' %}
with service_periods as (
    select * from {{ ref('int_revenue__service_periods') }}
),

paid as (
    select
        *,
        {% if has_grace -%}
        {{ dbt.dateadd('day', policy('past_due_grace_days'), 'past_due_since') }}
        {%- else -%}
        cast(null as timestamp)
        {%- endif %} as grace_end,
        {{ counted_discount() }} as counted_discount,
        {{ monthly_amount('quantity * unit_amount', 'interval_unit', 'interval_count') }} as monthly_fee
    from service_periods
    where
        status in {{ paying_statuses() }}
        or status = 'past_due'
),

-- A discount that is given once is over after the first interval.
once as (
    select
        *,
        case
            when discount_kind = 'once' and counted_discount > 0
                then {{ add_intervals('period_start', 'interval_unit', 'interval_count') }}
        end as discount_ends_at
    from paid
),

stretches as (
    select
        *,
        period_start as starts_at,
        {{ earliest('service_end', 'discount_ends_at') }} as stretch_end,
        counted_discount as lasting_discount
    from once
    union all
    select
        *,
        discount_ends_at as starts_at,
        service_end as stretch_end,
        cast(0 as decimal(18, 8)) as lasting_discount
    from once
    where
        discount_kind = 'once'
        and discount_ends_at is not null
        and (service_end is null or discount_ends_at < service_end)
),

valued as (
    select
        *,
        {{ recognised_end(earliest('stretch_end', 'grace_end')) }} as ends_at,
        {% if pauses_to_zero -%}
        case when status = 'paused' then cast(0 as decimal(18, 4)) else monthly_fee end
        {%- else -%}
        monthly_fee
        {%- endif %} as list_mrr,
        case
            {%- if pauses_to_zero %}
            when status = 'paused' then 0
            {%- endif %}
            when lasting_discount = 0 then monthly_fee
            else {{ monthly_amount(
                'greatest(quantity * unit_amount - lasting_discount, 0)', 'interval_unit', 'interval_count'
            ) }}
        end as mrr
    from stretches
)

select
    source_system,
    subscription_id,
    item_id,
    lane,
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
    starts_at,
    ends_at,
    list_mrr,
    mrr,
    case
        when has_churn_override then coalesce(cancel_kind, 'unknown')
        when grace_end = ends_at and (service_end is null or grace_end < service_end) then 'involuntary'
        when next_start = ends_at and next_status = 'paused' then 'pause'
        when next_start = ends_at and next_status in ('past_due', 'unpaid') then 'involuntary'
        else coalesce(cancel_kind, 'unknown')
    end as end_kind,
    coalesce(cancel_reason, 'unknown') as end_reason,
    coalesce(cancel_kind, 'unknown') as cancel_kind,
    cancel_requested_at,
    is_replaced,
    _batch_id
from valued
where
    {{ counts_as_active('mrr', 'status') }}
    and (ends_at is null or ends_at > starts_at)
