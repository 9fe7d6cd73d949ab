-- one row per response, way of delivery and entry of its values
{{ config(enabled='qualtrics' in var('connectors')) }}
with responses as (
    select * from {{ ref('stg_qualtrics__responses') }}
),

exported_responses as (
    select * from {{ ref('stg_qualtrics__responses_export') }}
),

entries as (
    select
        response_id,
        false as is_exported,
        {{ json_entries('entries') }} as entry
    from responses
    union all
    select
        response_id,
        true as is_exported,
        {{ json_entries('entries') }} as entry
    from exported_responses
)

select
    response_id,
    is_exported,
    lower(entry['key']) as question,
    max({{ number_in("entry['value']") }}) as score
from entries
group by response_id, is_exported, lower(entry['key'])
