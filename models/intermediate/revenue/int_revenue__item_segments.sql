-- one row per subscription item and stretch of paid service at one price; the stretches of an item never overlap
{%- set refund_policy = policy('refund_policy') %}
{%- set item = ['source_system', 'subscription_id', 'item_id', 'is_counted'] %}
with segments as (
    select * from {{ ref('int_revenue__priced_segments') }}
),
{% if refund_policy == 'annual_early_churn_only' %}
refunds as (
    select * from {{ ref('int_revenue__refunds') }}
),

-- A refund ends the service of a yearly subscription that was cancelled.
stops as (
    select
        segments.{{ item | join(', segments.') }},
        segments.starts_at,
        min(refunds.refunded_at) as stopped_at
    from segments
    inner join refunds
        on {% for column in item %}segments.{{ column }} = refunds.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
    where
        segments.interval_unit = 'year'
        and segments.cancel_requested_at is not null
        and segments.starts_at <= refunds.refunded_at
        and (segments.ends_at is null or segments.ends_at > refunds.refunded_at)
    group by segments.{{ item | join(', segments.') }}, segments.starts_at
),

settled as (
    select
        segments.*,
        segments.starts_at as settled_start,
        coalesce(stops.stopped_at, segments.ends_at) as settled_end,
        segments.mrr as settled_mrr
    from segments
    left join stops
        on
            segments.starts_at = stops.starts_at
            {%- for column in item %}
            and segments.{{ column }} = stops.{{ column }}
            {%- endfor %}
),
{% elif refund_policy == 'reduce_in_service_period' %}
refunds as (
    select * from {{ ref('int_revenue__refunds') }}
    where reduced_until > reduced_from
),

-- A segment is cut where a reduction begins and where it ends.
cuts as (
    select {{ item | join(', ') }}, starts_at, starts_at as cut_at from segments
    union
    select {{ item | join(', ') }}, starts_at, reduced_from as cut_at from refunds
    union
    select {{ item | join(', ') }}, starts_at, reduced_until as cut_at from refunds
),

pieces as (
    select
        *,
        lead(cut_at) over (partition by {{ item | join(', ') }}, starts_at order by cut_at) as next_cut_at
    from cuts
),

reductions as (
    select
        pieces.{{ item | join(', pieces.') }},
        pieces.cut_at,
        pieces.starts_at,
        pieces.next_cut_at,
        -- Of several refunds at one time the largest counts.
        min(refunds.reduced_mrr) as reduced_mrr
    from pieces
    left join refunds
        on
            pieces.starts_at = refunds.starts_at
            {%- for column in item %}
            and pieces.{{ column }} = refunds.{{ column }}
            {%- endfor %}
            and pieces.cut_at >= refunds.reduced_from
            and pieces.cut_at < refunds.reduced_until
    group by pieces.{{ item | join(', pieces.') }}, pieces.cut_at, pieces.starts_at, pieces.next_cut_at
),

settled as (
    select
        segments.*,
        reductions.cut_at as settled_start,
        {{ earliest('reductions.next_cut_at', 'segments.ends_at') }} as settled_end,
        coalesce(reductions.reduced_mrr, segments.mrr) as settled_mrr
    from segments
    inner join reductions
        on
            segments.starts_at = reductions.starts_at
            {%- for column in item %}
            and segments.{{ column }} = reductions.{{ column }}
            {%- endfor %}
),
{% else %}
settled as (
    select
        *,
        starts_at as settled_start,
        ends_at as settled_end,
        mrr as settled_mrr
    from segments
),
{% endif %}
running as (
    select * from settled
    where
        {{ counts_as_active('settled_mrr', 'status') }}
        and (settled_end is null or settled_end > settled_start)
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
    window item_in_time as (partition by {{ item | join(', ') }} order by settled_start)
) as started
window item_so_far as (
    partition by {{ item | join(', ') }} order by settled_start rows between unbounded preceding and current row
)
{%- else -%}
running
{%- endif %}
