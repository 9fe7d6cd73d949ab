-- one row per customer and key of another system that it holds
{{ config(enabled='chargebee' in var('connectors')) }}
with held_references as (
    {{ reference_rows(
        ref('stg_chargebee__customers'), 'customer_id', ['meta_data', 'custom_fields', '_extra'], prefixes=['cf_']
    ) }}
)

select
    source_key,
    reference,
    field,
    _batch_id,
    _loaded_at
from held_references
