-- one row per recorder, meeting and start, in its latest version
{{ config(enabled='meetings' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('meetings', 'meetings'), ['recorder', 'meeting_id', 'started_at'], is_vendor=true) }}
)

select
    recorder,
    meeting_id,
    started_at,
    ended_at,
    duration,
    title,
    nullif(lower(trim(organizer_email)), '') as organizer_email,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
