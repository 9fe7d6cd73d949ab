-- one row per response and answered field
{{ config(enabled='typeform' in var('connectors')) }}
with responses as (
    select * from {{ ref('stg_typeform__responses') }}
),

answers as (
    select * from {{ ref('stg_typeform__answers') }}
),

-- dlt gives a row of a list the id of its parent's row, and no id of the landing.
answers_of_responses as (
    select
        responses.response_id,
        responses.form_id,
        answers.*
    from answers
    inner join responses on answers.landing_id = responses.landing_id
    union all
    select
        responses.response_id,
        responses.form_id,
        answers.*
    from answers
    inner join responses on answers.parent_record_id = responses.record_id
    where answers.landing_id is null
)

select
    response_id,
    field_id,
    coalesce(max(form_id), '') as survey_id,
    max(field_type) as field_type,
    cast(max(score) as decimal(18, 6)) as score,
    {{ hash_person("max(nullif(trim(email), ''))") }} as email_hash,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from answers_of_responses
group by response_id, field_id
