-- one row per batch, user, day and stretch of events without a gap that ends a session
-- depends_on: {{ source('generic', 'usage_events') }}
select * from {{ source('usage', 'session_parts') }}
