-- one row per batch, person, day and stretch of events without a gap that ends a session
{{ depends_on_events() }}
select * from {{ source('usage', 'session_parts') }}
