-- one row per record and reason
{{ config(enabled='meetings' in var('connectors')) }}
with meetings as (
    select * from {{ ref('unified_meetings__meetings') }}
),

outcomes as (
    select * from {{ ref('unified_meetings__outcomes') }}
),

-- Lists of a meeting that was not delivered, or of an unknown time of a recurring one.
orphans as (
    select
        'participants' as object_name,
        participants.recorder,
        participants.meeting_id,
        participants.started_at,
        participants._batch_id,
        participants._loaded_at
    from {{ ref('stg_meetings__participants') }} as participants
    left join meetings on {{ of_meeting('participants', 'meetings') }}
    where meetings.call_id is null
    union all
    select
        'crm_objects' as object_name,
        objects.recorder,
        objects.meeting_id,
        objects.started_at,
        objects._batch_id,
        objects._loaded_at
    from {{ ref('stg_meetings__crm_objects') }} as objects
    left join meetings on {{ of_meeting('objects', 'meetings') }}
    where meetings.call_id is null
),

reasons as (
    select
        'meetings' as object_name,
        meetings.call_id as record_key,
        outcomes.reason,
        meetings._batch_id,
        meetings._loaded_at
    from meetings
    inner join outcomes on meetings.call_id = outcomes.call_id
    where outcomes.reason is not null
    union all
    select
        'meetings' as object_name,
        meetings.call_id as record_key,
        'length_unknown' as reason,
        meetings._batch_id,
        meetings._loaded_at
    from meetings
    inner join outcomes on meetings.call_id = outcomes.call_id
    where outcomes.reason is null and meetings.has_wrong_length
    union all
    select
        object_name,
        -- dlt delivers lists without the id of their meeting.
        recorder || ':' || coalesce(meeting_id, 'unknown')
        || coalesce('@' || cast(started_at as {{ dbt.type_string() }}), '') as record_key,
        'orphan' as reason,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from orphans
    group by object_name, recorder, meeting_id, started_at
)

select
    object_name,
    record_key,
    reason,
    _batch_id,
    _loaded_at
from reasons
