-- one row per code of an add-on
{{ config(enabled='recurly' in var('connectors')) }}
with ranked as (
    select
        *,
        row_number() over (partition by add_on_code order by updated_at desc, add_on_id asc) as code_rank
    from {{ ref('stg_recurly__add_ons') }}
    where add_on_code is not null
)

select
    add_on_code,
    add_on_name,
    add_on_type,
    _batch_id,
    _loaded_at
from ranked
where code_rank = 1
