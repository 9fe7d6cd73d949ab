-- one row per response and entry of the CSV export
{{ config(enabled='qualtrics' in var('connectors')) }}
with responses as (
    select * from {{ ref('stg_qualtrics__responses_export') }}
),

entries as (
    select
        response_id,
        _batch_id,
        _loaded_at,
        {{ json_entries('entries') }} as entry
    from responses
)

select
    response_id,
    lower(entry['key']) as question,
    max({{ number_in("entry['value']") }}) as score,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from entries
group by response_id, lower(entry['key'])
