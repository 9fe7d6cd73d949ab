-- one row per plan, in its latest version
{{ config(enabled='recurly' in var('connectors')) }}
with plans as (
    {{ latest_version(source('recurly', 'plans'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as plan_id,
    code as plan_code,
    name as plan_name,
    lower(interval_unit) as interval_unit,
    interval_length,
    updated_at,
    _batch_id,
    _loaded_at
from plans
