-- one row per meeting, with the reason why it is no call
{{ config(enabled='meetings' in var('connectors')) }}
with participants as (
    select
        call_id,
        max(case when is_own then 0 else 1 end) as has_others
    from {{ ref('unified_meetings__participants') }}
    group by call_id
),

referring as (
    select distinct call_id from {{ ref('unified_meetings__references') }}
)

select
    meetings.call_id,
    case
        when meetings.is_deleted then 'deleted'
        when meetings.held_at is null then 'no_date'
        when participants.has_others = 0 then 'internal_meeting'
        when participants.call_id is null and referring.call_id is null then 'no_participants'
    end as reason
from {{ ref('unified_meetings__meetings') }} as meetings
left join participants on meetings.call_id = participants.call_id
left join referring on meetings.call_id = referring.call_id
