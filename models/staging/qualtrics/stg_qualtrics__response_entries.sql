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
),

-- A loading tool that makes columns of the values puts the name of their object before each.
named_entries as (
    select
        response_id,
        is_exported,
        case
            when lower(entry['key']) like 'values_%' then substring(lower(entry['key']), 8)
            else lower(entry['key'])
        end as question,
        {{ number_in("entry['value']") }} as score
    from entries
)

select
    response_id,
    is_exported,
    question,
    max(score) as score
from named_entries
group by response_id, is_exported, question
