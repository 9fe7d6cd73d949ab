-- one row per batch, account, event name, week and first event
select * from {{ source('usage', 'event_weeks') }}
