-- one row per batch, account, person, event name, week and first event
{{ depends_on_events() }}
select * from {{ source('usage', 'event_weeks') }}
