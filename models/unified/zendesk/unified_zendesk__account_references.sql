-- one row per organization of Zendesk and key of another system that it holds
{{ config(enabled='zendesk' in var('connectors')) }}
with held_references as (
    {{ reference_rows(
        ref('stg_zendesk__organizations'), 'organization_id', ['_extra'], prefixes=['organization_fields_', 'custom_']
    ) }}
),

external_ids as (
    select
        organization_id as source_key,
        external_id as reference,
        'external_id' as field,
        _batch_id,
        _loaded_at
    from {{ ref('stg_zendesk__organizations') }}
    where external_id is not null
),

found as (
    select * from held_references
    union all
    select * from external_ids
)

select
    source_key,
    reference,
    min(field) as field,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from found
group by source_key, reference
