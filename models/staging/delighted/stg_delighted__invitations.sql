-- one row per person and time of an invitation that some delivery shows
{{ config(enabled='delighted' in var('connectors')) }}
with people as (
    select * from {{ source('delighted', 'people') }}
)

select
    id as person_id,
    last_sent_at as sent_at,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from people
where last_sent_at is not null
group by id, last_sent_at
