-- one row per price interval that refunds reduce, and per piece of it with constant MRR
{{ config(materialized=inlined()) }}
{%- set interval_key = 'source_system, subscription_id, item_id, lane, interval_starts_at' %}
with refunds as (
    select * from {{ ref('int_subscriptions__refunds') }}
    where {{ policy_is('refund_policy', 'reduce_in_service_period') }}
),

price_intervals as (
    select * from {{ ref('int_subscriptions__price_intervals') }}
),

-- A refund lowers MRR from the refund to the end of the billing interval that was paid for.
refunded_intervals as (
    select
        intervals.source_system,
        intervals.subscription_id,
        intervals.item_id,
        intervals.lane,
        intervals.starts_at as interval_starts_at,
        greatest(refunds.refunded_at, intervals.starts_at) as reduced_from,
        {{ earliest(
            add_intervals('refunds.issued_at', 'intervals.interval_unit', 'intervals.interval_count'),
            'intervals.ends_at'
        ) }} as reduced_until,
        {{ share_of_money('intervals.mrr', 'refunds.amount - refunds.amount_refunded', 'refunds.amount') }}
            as reduced_mrr
    from price_intervals as intervals
    inner join refunds on {{ is_refunded_interval('intervals', 'refunds') }}
),

effective_refunds as (
    select * from refunded_intervals
    where reduced_until > reduced_from
),

-- The cuts of an interval: its own start, and the start and end of every reduction.
cuts as (
    select {{ interval_key }}, interval_starts_at as cut_at from effective_refunds
    union
    select {{ interval_key }}, reduced_from as cut_at from effective_refunds
    union
    select {{ interval_key }}, reduced_until as cut_at from effective_refunds
),

pieces as (
    select
        *,
        lead(cut_at) over (partition by {{ interval_key }} order by cut_at) as next_cut_at
    from cuts
),

reductions as (
    select
        pieces.source_system,
        pieces.subscription_id,
        pieces.item_id,
        pieces.lane,
        pieces.interval_starts_at,
        pieces.cut_at,
        pieces.next_cut_at,
        -- If several refunds overlap, the largest counts.
        min(refunds.reduced_mrr) as reduced_mrr
    from pieces
    left join effective_refunds as refunds
        on
            pieces.source_system = refunds.source_system
            and pieces.subscription_id = refunds.subscription_id
            and pieces.item_id = refunds.item_id
            and pieces.lane = refunds.lane
            and pieces.interval_starts_at = refunds.interval_starts_at
            and pieces.cut_at >= refunds.reduced_from
            and pieces.cut_at < refunds.reduced_until
    group by
        pieces.source_system,
        pieces.subscription_id,
        pieces.item_id,
        pieces.lane,
        pieces.interval_starts_at,
        pieces.cut_at,
        pieces.next_cut_at
)

select
    reductions.source_system,
    reductions.subscription_id,
    reductions.item_id,
    reductions.lane,
    reductions.interval_starts_at,
    reductions.cut_at as starts_at,
    {{ earliest('reductions.next_cut_at', 'price_intervals.ends_at') }} as ends_at,
    coalesce(reductions.reduced_mrr, price_intervals.mrr) as mrr
from reductions
inner join price_intervals
    on
        reductions.source_system = price_intervals.source_system
        and reductions.subscription_id = price_intervals.subscription_id
        and reductions.item_id = price_intervals.item_id
        and reductions.lane = price_intervals.lane
        and reductions.interval_starts_at = price_intervals.starts_at
