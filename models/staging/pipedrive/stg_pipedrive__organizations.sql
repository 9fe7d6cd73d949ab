-- one row per organization of Pipedrive, in its latest version
{{ config(enabled='pipedrive' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('pipedrive', 'organizations'), ['id'], 'update_time', is_vendor=true) }}
)

select
    id as organization_id,
    name as organization_name,
    website,
    industry,
    address_country as country,
    segment,
    acquisition_channel,
    parent_id,
    coalesce(is_internal, false) as is_internal,
    coalesce(owner_id_value, case when substring(owner_id, 1, 1) <> '{' then owner_id end) as owner_id,
    owner_name,
    add_time as created_at,
    update_time as updated_at,
    coalesce(_is_deleted, false) or not coalesce(active_flag, true) as is_deleted,
    _extra,
    _batch_id,
    _loaded_at
from latest_versions
