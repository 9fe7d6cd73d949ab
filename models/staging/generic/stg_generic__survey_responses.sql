-- one row per invitation or answer, in its latest version
with delivered as (
    select * from {{ source('generic', 'survey_responses') }}
),

ids as (
    select * from {{ ref('stg_generic__survey_response_ids') }}
),

identified as (
    select
        delivered.*,
        coalesce(ids.response_id, delivered.response_id) as answer_id
    from delivered
    left join ids
        on
            delivered._batch_id = ids._batch_id
            and delivered._row = ids._row
),

latest as (
    {{ latest_version('identified', ['answer_id'], 'updated_at') }}
),

renamed as (
    select
        answer_id as response_id,
        account_id,
        respondent_id,
        respondent_email,
        survey_type,
        coalesce(survey_kind, 'relational') as survey_kind,
        touchpoint,
        score,
        coalesce(scale_max, case survey_type when 'nps' then 10 when 'csat' then 5 when 'ces' then 7 end) as scale_max,
        coalesce(higher_is_better, true) as higher_is_better,
        comment,
        sent_at,
        coalesce(delivered, true) as is_delivered,
        responded_at,
        updated_at,
        _batch_id,
        _loaded_at
    from latest
)

select * from renamed
