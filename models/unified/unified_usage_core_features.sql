-- one row per core feature of the product
{{ config(materialized=inlined()) }}
with marked_events as (
    select event_name from {{ ref('active_events') }}
    where is_core_feature
),

used_events as (
    select distinct event_name from {{ ref('unified_usage_event_weeks') }}
    where is_counted and is_known
),

marks as (
    select count(*) as events from marked_events
),

unified as (
    select event_name from marked_events
    union all
    -- Without marks, every event that counts is a feature.
    select used_events.event_name
    from used_events
    cross join marks
    where marks.events = 0
)

select * from unified
