-- one row per subscription item and time at which its terms were observed
{{ config(enabled='stripe' in var('connectors')) }}
{%- set columns = [
    'item_id', 'subscription_id', 'price_id', 'quantity', 'created_at', 'current_period_start', 'current_period_end',
    '_batch_id', '_loaded_at',
] %}
with versions as (
    select
        {{ columns | join(',\n        ') }},
        case when changed_at is null then 'deliveries' else 'loader_history' end as history_source,
        observed_at,
        changed_at,
        is_deleted
    from {{ ref('stg_stripe__item_versions') }}
    union all
    select
        {{ columns | join(',\n        ') }},
        'events' as history_source,
        event_created_at as observed_at,
        event_created_at as changed_at,
        false as is_deleted
    from {{ ref('stg_stripe__event_items') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by item_id, observed_at order by {{ evidence_rank('history_source') }}, _loaded_at desc
        ) as version_order
    from versions
),

subscriptions as (
    select * from {{ ref('unified_stripe__subscription_versions') }}
),

-- Before 2025-03-31 only the subscription had a billing period. A period that its next version shows may have begun.
sightings as (
    select
        subscription_id,
        cast(null as string) as item_id,
        observed_at,
        current_period_start
    from subscriptions
    union all
    select
        subscription_id,
        item_id,
        observed_at,
        cast(null as timestamp) as current_period_start
    from ranked
    where version_order = 1
),

periods as (
    select
        item_id,
        observed_at,
        {{ last_known('current_period_start') }} over (
            partition by subscription_id order by observed_at
        ) as last_period_start,
        {{ last_known('current_period_start') }} over (
            partition by subscription_id order by observed_at desc
        ) as next_period_start
    from sightings
),

-- The subscription's own record lists all of its items, unless the list is cut.
observed as (
    select
        ranked.*,
        subscriptions.observed_at is not null as is_in_list
    from ranked
    left join subscriptions
        on
            ranked.subscription_id = subscriptions.subscription_id
            and ranked.observed_at = subscriptions.observed_at
            and not subscriptions.has_more_items
    where ranked.version_order = 1
),

lists as (
    select
        subscription_id,
        observed_at,
        lead(observed_at) over (partition by subscription_id order by observed_at) as next_list_at
    from observed
    where is_in_list
    group by subscription_id, observed_at
)

select
    observed.item_id,
    observed.subscription_id,
    observed.price_id,
    observed.quantity,
    observed.created_at,
    coalesce(
        observed.current_period_start,
        case when periods.next_period_start <= observed.observed_at then periods.next_period_start end,
        periods.last_period_start
    ) as current_period_start,
    observed.current_period_end,
    observed.history_source,
    observed.observed_at,
    observed.changed_at,
    observed.is_deleted,
    lag(observed.observed_at) over in_time as previous_observed_at,
    row_number() over in_time = count(*) over (partition by observed.item_id) as is_latest,
    -- The next list that could have the item. If the item has no later version, that list lacks it.
    lists.next_list_at,
    observed._batch_id,
    observed._loaded_at
from observed
left join periods
    on
        observed.item_id = periods.item_id
        and observed.observed_at = periods.observed_at
left join lists
    on
        observed.subscription_id = lists.subscription_id
        and observed.observed_at = lists.observed_at
        and observed.is_in_list
window in_time as (partition by observed.item_id order by observed.observed_at)
