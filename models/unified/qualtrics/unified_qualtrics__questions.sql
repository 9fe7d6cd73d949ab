-- one row per survey and scale question
{{ config(enabled='qualtrics' in var('connectors')) }}
with delivered_questions as (
    select * from {{ ref('stg_qualtrics__questions') }}
    where is_nps
),

entries as (
    select * from {{ ref('stg_qualtrics__response_entries') }}
    where question like '%_nps_group'
),

records as (
    select * from {{ ref('unified_qualtrics__records') }}
),

-- Beside an NPS question, a response has the group of its answer: promoter, passive or detractor.
nps_questions as (
    select
        survey_id,
        question
    from delivered_questions
    union
    select
        records.survey_id,
        substring(entries.question, 1, length(entries.question) - length('_nps_group')) as question
    from entries
    inner join records on entries.response_id = records.response_id and entries.is_exported = records.is_exported
),

candidates as (
    select
        survey_id,
        question,
        'nps' as default_type,
        cast(null as bigint) as default_max,
        cast(null as {{ dbt.type_string() }}) as default_exception
    from nps_questions
),

questions as (
    {{ scale_questions('qualtrics', 'candidates') }}
)

select
    survey_id,
    lower(question) as question,
    survey_type,
    survey_kind,
    touchpoint,
    scale_max,
    scale_offset,
    exception_reason
from questions
