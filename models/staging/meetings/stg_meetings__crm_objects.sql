-- one row per meeting and record of a CRM that is linked with it, in its latest version
{{ config(enabled='meetings' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('meetings', 'crm_objects'),
        ['recorder', 'meeting_id', 'started_at', 'crm_object_type', 'crm_object_id'],
        is_vendor=true,
    ) }}
)

select
    recorder,
    meeting_id,
    started_at,
    lower(trim(crm_object_type)) as object_type,
    crm_object_type,
    crm_object_id,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
