-- one row per person of Pipedrive, in its latest version
{{ config(enabled='pipedrive' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('pipedrive', 'persons'), ['id'], 'update_time', is_vendor=true) }}
)

select
    id as person_id,
    coalesce(org_id_value, case when substring(org_id, 1, 1) <> '{' then org_id end) as organization_id,
    coalesce({{ primary_value('emails') }}, {{ primary_value('email') }}) as email,
    job_title,
    add_time as created_at,
    update_time as updated_at,
    coalesce(_is_deleted, false) or not coalesce(active_flag, true) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
