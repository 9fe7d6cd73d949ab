-- one row per batch, user, day and stretch of events without a gap that ends a session
select * from {{ source('usage', 'session_parts') }}
