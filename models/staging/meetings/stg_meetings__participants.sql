-- one row per participant of a meeting and time of joining, in its latest version
{{ config(enabled='meetings' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('meetings', 'participants'),
        ['recorder', 'meeting_id', 'started_at', 'email', 'participant_name', 'joined'],
        is_vendor=true,
    ) }}
)

select
    recorder,
    meeting_id,
    started_at,
    email,
    participant_name,
    joined,
    nullif(lower(trim(affiliation)), '') as affiliation,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
