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
    observed.current_period_start,
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
left join lists
    on
        observed.subscription_id = lists.subscription_id
        and observed.observed_at = lists.observed_at
        and observed.is_in_list
window in_time as (partition by observed.item_id order by observed.observed_at)
