-- one row per meeting with somebody who is not your own staff
{{ config(enabled='meetings' in var('connectors')) }}
select
    meetings.call_id,
    meetings.held_at,
    meetings.minutes,
    meetings.call_kind,
    meetings.precedence_rank,
    meetings._batch_id,
    meetings._loaded_at
from {{ ref('unified_meetings__meetings') }} as meetings
inner join {{ ref('unified_meetings__outcomes') }} as outcomes on meetings.call_id = outcomes.call_id
where outcomes.reason is null
