-- one row per add-on of a plan, in its latest version
{{ config(enabled='recurly' in var('connectors')) }}
with add_ons as (
    {{ latest_version(source('recurly', 'add_ons'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as add_on_id,
    code as add_on_code,
    name as add_on_name,
    lower(add_on_type) as add_on_type,
    updated_at,
    _batch_id,
    _loaded_at
from add_ons
