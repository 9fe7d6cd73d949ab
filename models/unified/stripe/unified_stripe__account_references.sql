-- one row per customer and key of another system in the metadata of the customer or of its subscriptions
{{ config(enabled='stripe' in var('connectors')) }}
{%- set fields = var('account_reference_fields', []) %}
with records as (
    select
        customer_id,
        metadata,
        _extra,
        _batch_id,
        _loaded_at
    from {{ ref('stg_stripe__customers') }}
    where not is_test
    union all
    select
        customer_id,
        metadata,
        _extra,
        _batch_id,
        _loaded_at
    from {{ ref('stg_stripe__subscription_versions') }}
    where customer_id is not null and not is_test
),

-- Some loading tools give each field of the metadata a column of its own.
found as (
    {%- for field in fields %}
    select
        customer_id,
        coalesce({{ json_text('metadata', field) }}, {{ json_text('_extra', 'metadata_' ~ field) }}) as reference,
        '{{ field }}' as field,
        _batch_id,
        _loaded_at
    from records
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        customer_id,
        metadata as reference,
        metadata as field,
        _batch_id,
        _loaded_at
    from records
    where false
    {%- endfor %}
)

select
    customer_id as source_key,
    trim(reference) as reference,
    min(field) as field,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from found
where trim(reference) <> ''
group by customer_id, trim(reference)
