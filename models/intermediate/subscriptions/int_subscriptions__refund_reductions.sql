-- one row per price interval that refunds reduce and piece of it with one MRR
{{ config(materialized='view') }}
{%- set interval_key = 'source_system, subscription_id, item_id, lane, interval_starts_at' %}
with refunds as (
    select * from {{ ref('int_subscriptions__refunds') }}
    where
        reduced_until > reduced_from
        and {{ policy_is('refund_policy', 'reduce_in_service_period') }}
),

price_intervals as (
    select * from {{ ref('int_subscriptions__price_intervals') }}
),

-- An interval is cut where it starts, where a reduction starts and where a reduction ends.
cuts as (
    select {{ interval_key }}, interval_starts_at as cut_at from refunds
    union
    select {{ interval_key }}, reduced_from as cut_at from refunds
    union
    select {{ interval_key }}, reduced_until as cut_at from refunds
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
        -- Of several refunds at one time the largest counts.
        min(refunds.reduced_mrr) as reduced_mrr
    from pieces
    left join refunds
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
