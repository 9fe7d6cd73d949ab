-- one row per batch, account, event name, week and first event
-- depends_on: {{ source('generic', 'usage_events') }}
select * from {{ source('usage', 'event_weeks') }}
