-- one row per invitation or answer, in its latest version
with delivered_responses as (
    select * from {{ source('generic', 'survey_responses') }}
),

response_ids as (
    select * from {{ ref('stg_generic__survey_response_ids') }}
),

answers as (
    select
        delivered_responses.*,
        coalesce(response_ids.response_id, delivered_responses.response_id) as answer_id
    from delivered_responses
    left join response_ids
        on
            delivered_responses._batch_id = response_ids._batch_id
            and delivered_responses._row = response_ids._row
),

latest_versions as (
    {{ latest_version('answers', ['answer_id'], 'updated_at') }}
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
        ticket_id,
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
    from latest_versions
)

select * from renamed
