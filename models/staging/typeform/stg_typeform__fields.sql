-- one row per field of a form, in its latest version
{{ config(enabled='typeform' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('typeform', 'fields'), ['form_id', '_parent_record_id', 'id'], 'form_last_updated_at', is_vendor=true
    ) }}
)

select
    form_id,
    _parent_record_id as parent_record_id,
    id as field_id,
    lower(type) as field_type,
    -- An opinion scale of n steps ends at n - 1 unless it begins at 1. A rating always begins at 1.
    case
        when lower(type) = 'opinion_scale' and not coalesce(properties_start_at_one, false) then 0
        else 1
    end as scale_min,
    case
        when lower(type) = 'opinion_scale' and not coalesce(properties_start_at_one, false) then properties_steps - 1
        else properties_steps
    end as scale_max,
    _batch_id,
    _loaded_at
from latest_versions
