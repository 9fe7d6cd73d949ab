-- one row per yearly price interval that the refund of a cancelled year ends early
{{ config(materialized=inlined()) }}
{#- The limit stops a walk along links that form a circle. No subscription is replaced more often within a year. -#}
{%- set longest_chain = 12 %}
with recursive refunds as (
    select * from {{ ref('int_subscriptions__refunds') }}
    where {{ policy_is('refund_policy', 'annual_early_churn_only') }}
),

periods as (
    select * from {{ ref('unified_subscription_periods') }}
    where
        {{ is_service('price_kind', 'period_start', 'period_end') }}
        and {{ policy_is('refund_policy', 'annual_early_churn_only') }}
),

price_intervals as (
    select * from {{ ref('int_subscriptions__price_intervals') }}
),

replacements as (
    select distinct
        later.source_system,
        earlier.subscription_id,
        later.subscription_id as replaced_by
    from periods as later
    inner join periods as earlier
        on
            later.source_system = earlier.source_system
            and later.account_id = earlier.account_id
            and later.replaces_subscription_id = earlier.subscription_id
    where later.subscription_id <> earlier.subscription_id
),

-- Paid years that were still running when they were refunded.
running_years as (
    select
        intervals.source_system,
        intervals.subscription_id,
        refunds.refunded_at
    from price_intervals as intervals
    inner join refunds on {{ is_refunded_interval('intervals', 'refunds') }}
    where
        {{ is_yearly('intervals.interval_unit', 'intervals.interval_count') }}
        and {{ add_intervals('refunds.issued_at', 'intervals.interval_unit', 'intervals.interval_count') }}
        > refunds.refunded_at
),

-- If a billed subscription is replaced, its replacement serves the rest of the year.
serving_subscriptions as (
    select
        source_system,
        subscription_id,
        refunded_at,
        1 as chain_length
    from running_years
    union all
    select
        serving.source_system,
        replacements.replaced_by as subscription_id,
        serving.refunded_at,
        serving.chain_length + 1 as chain_length
    from serving_subscriptions as serving
    inner join replacements
        on
            serving.source_system = replacements.source_system
            and serving.subscription_id = replacements.subscription_id
    where serving.chain_length < {{ longest_chain }}
),

refunded_years as (
    select distinct
        source_system,
        subscription_id,
        refunded_at
    from serving_subscriptions
),

-- Yearly service that was not yet delivered when its year was refunded.
unserved_intervals as (
    select
        intervals.source_system,
        intervals.subscription_id,
        intervals.item_id,
        intervals.lane,
        intervals.starts_at,
        refunded_years.refunded_at,
        coalesce(
            {{ local_day('intervals.cancel_requested_at') }} <= {{ local_day('refunded_years.refunded_at') }}
            and not intervals.is_replaced,
            false
        ) as is_cancelled
    from price_intervals as intervals
    inner join refunded_years
        on
            intervals.source_system = refunded_years.source_system
            and intervals.subscription_id = refunded_years.subscription_id
    where
        {{ is_yearly('intervals.interval_unit', 'intervals.interval_count') }}
        and (intervals.ends_at is null or intervals.ends_at > refunded_years.refunded_at)
),

-- The refund ends the intervals of an item up to the last one cancelled by then. Later intervals are new orders.
cancelled_items as (
    select
        *,
        max(case when is_cancelled then starts_at end) over (
            partition by source_system, subscription_id, item_id, lane, refunded_at
        ) as last_cancelled_start
    from unserved_intervals
)

select
    source_system,
    subscription_id,
    item_id,
    lane,
    starts_at as interval_starts_at,
    min(refunded_at) as terminated_at
from cancelled_items
where starts_at <= last_cancelled_start
group by source_system, subscription_id, item_id, lane, starts_at
