-- one row per account of Recurly and key of another system that it holds
{{ config(enabled='recurly' in var('connectors')) }}
with held_references as (
    {{ reference_rows(ref('stg_recurly__accounts'), 'account_id', ['custom_fields', '_extra']) }}
),

-- The code is a key of the merchant, often that of the CRM.
codes as (
    select
        account_id as source_key,
        account_code as reference,
        'code' as field,
        _batch_id,
        _loaded_at
    from {{ ref('stg_recurly__accounts') }}
    where account_code is not null
),

found as (
    select
        source_key,
        reference,
        field,
        _batch_id,
        _loaded_at
    from held_references
    union all
    select * from codes
)

select
    source_key,
    reference,
    max(field) as field,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from found
group by source_key, reference
