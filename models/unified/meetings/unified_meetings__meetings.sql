-- one row per meeting, and per time that a recurring meeting took place
{{ config(enabled='meetings' in var('connectors')) }}
with deliveries as (
    select
        meetings.*,
        {{ meeting_key('meetings.meeting_id') }} as meeting_key,
        coalesce(recorders.ids_repeat, false) as ids_repeat,
        recorders.precedence,
        case recorders.duration_unit
            when 'milliseconds' then cast(round(meetings.duration / 1000) as bigint)
            when 'seconds' then cast(round(meetings.duration) as bigint)
            when 'minutes' then cast(round(meetings.duration * 60) as bigint)
            when 'hours' then cast(round(meetings.duration * 3600) as bigint)
        end as unit_seconds
    from {{ ref('stg_meetings__meetings') }} as meetings
    left join {{ ref('meeting_recorders') }} as recorders on meetings.recorder = recorders.recorder
),

-- A meeting that was moved has another start. Its last delivery counts.
ranked as (
    select
        *,
        case
            when duration is not null then unit_seconds
            when ended_at is not null then {{ seconds_between('started_at', 'ended_at') }}
        end as held_seconds,
        row_number() over (
            partition by recorder, meeting_key, case when ids_repeat then started_at end
            order by _loaded_at desc, started_at desc, _batch_id desc, meeting_id desc
        ) as version_rank
    from deliveries
),

meetings as (
    select
        *,
        recorder || ':' || meeting_key || case
            when ids_repeat then '@' || coalesce(cast(started_at as {{ dbt.type_string() }}), '')
            else ''
        end as call_id,
        coalesce(held_seconds between 0 and {{ var('longest_meeting_minutes') }} * 60, false) as has_length
    from ranked
    where version_rank = 1
),

kinds as (
    select
        meetings.call_id,
        kinds.call_kind,
        row_number() over (
            partition by meetings.call_id order by kinds.precedence, kinds.words
        ) as kind_rank
    from meetings
    inner join {{ ref('meeting_kinds') }} as kinds
        on {{ title_words('meetings.title') }} like '%' || {{ title_words('kinds.words') }} || '%'
)

select
    meetings.call_id,
    meetings.recorder,
    meetings.meeting_key,
    meetings.ids_repeat,
    cast(count(*) over (partition by meetings.recorder, meetings.meeting_key) as bigint) as times_held,
    meetings.started_at as held_at,
    case when meetings.has_length then cast({{ minutes('meetings.held_seconds') }} as decimal(12, 4)) end as minutes,
    not meetings.has_length
    and (meetings.duration is not null or meetings.ended_at is not null) as has_wrong_length,
    kinds.call_kind,
    {{ hash_person('meetings.organizer_email') }} as organizer_hash,
    {{ mail_domain('meetings.organizer_email') }} as organizer_domain,
    cast(coalesce(meetings.precedence, 999) as bigint) as precedence_rank,
    meetings.is_deleted,
    meetings._batch_id,
    meetings._loaded_at
from meetings
left join kinds on meetings.call_id = kinds.call_id and kinds.kind_rank = 1
