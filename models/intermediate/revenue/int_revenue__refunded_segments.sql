-- one row per subscription item, lane and stretch of service at one price, after refunds
{{ config(materialized='view') }}
{{- may_read('int_revenue__refunds') }}
{{- may_read('int_revenue__refunded_years') }}
{%- set refund_policy = policy('refund_policy') %}
{%- set item = ['source_system', 'subscription_id', 'item_id', 'lane'] %}
with segments as (
    select * from {{ ref('int_revenue__priced_segments') }}
),
{% if refund_policy == 'annual_early_churn_only' %}
refunded_years as (
    select * from {{ ref('int_revenue__refunded_years') }}
),

-- Yearly service that was still to come when its year was refunded.
unserved as (
    select
        segments.{{ item | join(', segments.') }},
        segments.starts_at,
        refunded_years.refunded_at,
        coalesce(
            {{ local_day('segments.cancel_requested_at') }} <= {{ local_day('refunded_years.refunded_at') }}
            and not segments.is_replaced,
            false
        ) as is_cancelled
    from segments
    inner join refunded_years
        on
            segments.source_system = refunded_years.source_system
            and segments.subscription_id = refunded_years.subscription_id
    where
        {{ is_yearly('segments.interval_unit', 'segments.interval_count') }}
        and (segments.ends_at is null or segments.ends_at > refunded_years.refunded_at)
),

-- The refund ends an item up to the last stretch that was cancelled by then; what somebody orders later is new.
stops as (
    select
        {{ item | join(', ') }},
        starts_at,
        min(refunded_at) as stopped_at
    from (
        select
            *,
            max(case when is_cancelled then starts_at end) over (
                partition by {{ item | join(', ') }}, refunded_at
            ) as last_cancelled_start
        from unserved
    ) as left_items
    where starts_at <= last_cancelled_start
    group by {{ item | join(', ') }}, starts_at
),

settled as (
    select
        segments.*,
        segments.starts_at as settled_start,
        coalesce(stops.stopped_at, segments.ends_at) as settled_end,
        segments.mrr as settled_mrr,
        case when stops.stopped_at is null then segments.end_kind else segments.cancel_kind end as settled_kind
    from segments
    left join stops
        on
            segments.starts_at = stops.starts_at
            {%- for column in item %}
            and segments.{{ column }} = stops.{{ column }}
            {%- endfor %}
)
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
        coalesce(reductions.reduced_mrr, segments.mrr) as settled_mrr,
        segments.end_kind as settled_kind
    from segments
    inner join reductions
        on
            segments.starts_at = reductions.starts_at
            {%- for column in item %}
            and segments.{{ column }} = reductions.{{ column }}
            {%- endfor %}
)
{% else %}
settled as (
    select
        *,
        starts_at as settled_start,
        ends_at as settled_end,
        mrr as settled_mrr,
        end_kind as settled_kind
    from segments
)
{% endif %}

select * from settled
where settled_end is null or settled_end > settled_start
