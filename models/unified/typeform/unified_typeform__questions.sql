-- one row per survey and scale question
{{ config(enabled='typeform' in var('connectors')) }}
with fields as (
    select * from {{ ref('stg_typeform__fields') }}
    where field_type in ('nps', 'opinion_scale', 'rating')
),

forms as (
    select * from {{ ref('stg_typeform__forms') }}
),

answers as (
    select * from {{ ref('unified_typeform__answers') }}
    where field_type in ('nps', 'opinion_scale', 'rating')
),

-- A form lists no fields of its question groups, but their answers show what they are.
scales as (
    select
        coalesce(fields.form_id, forms.form_id, '') as survey_id,
        fields.field_id as question,
        fields.field_type,
        fields.scale_min,
        fields.scale_max
    from fields
    left join forms on fields.parent_record_id = forms.record_id
    union all
    select
        survey_id,
        field_id as question,
        field_type,
        null as scale_min,
        null as scale_max
    from answers
),

candidates as (
    select
        survey_id,
        question,
        case when max(field_type) = 'nps' then 'nps' end as default_type,
        max(scale_max) as default_max,
        case
            when max(field_type) = 'opinion_scale' and max(scale_min) = 1 and max(scale_max) = 10 then 'not_nps_scale'
            else 'other_survey_type'
        end as default_exception
    from scales
    group by survey_id, question
)

{{ scale_questions('typeform', 'candidates') }}
