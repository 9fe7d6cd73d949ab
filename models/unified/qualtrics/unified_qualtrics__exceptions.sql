-- one row per record and reason
{{ config(enabled='qualtrics' in var('connectors')) }}
with records as (
    select * from {{ ref('unified_qualtrics__records') }}
),

invitations as (
    select * from {{ ref('unified_qualtrics__invitations') }}
),

skipped_contacts as (
    select * from {{ ref('stg_qualtrics__distribution_contacts') }}
    where status = 'skipped'
),

known_surveys as (
    select distinct survey_id
    from {{ ref('stg_qualtrics__questions') }}
),

scored_responses as (
    select distinct response_id
    from {{ ref('unified_qualtrics__scores') }}
),

scored_surveys as (
    select distinct survey_id
    from {{ ref('unified_qualtrics__questions') }}
    where survey_type is not null
),

reasons as (
    select
        case when records.is_exported then 'responses_export' else 'responses' end as object_name,
        records.response_id as record_key,
        case
            when records.is_deleted then 'deleted'
            when records.response_kind <> 'real' then records.response_kind
            when not records.is_finished then 'incomplete'
            when scored_responses.response_id is not null and records.recorded_at is null then 'no_date'
            when scored_responses.response_id is not null then null
            when scored_surveys.survey_id is not null then 'no_score'
            else 'other_survey_type'
        end as reason,
        records._batch_id,
        records._loaded_at
    from records
    left join scored_responses on records.response_id = scored_responses.response_id
    left join scored_surveys on records.survey_id = scored_surveys.survey_id
    union all
    -- Without any question, nobody knows which survey is unknown.
    select
        case when records.is_exported then 'responses_export' else 'responses' end as object_name,
        records.response_id as record_key,
        'orphan_response' as reason,
        records._batch_id,
        records._loaded_at
    from records
    left join known_surveys on records.survey_id = known_surveys.survey_id
    where
        known_surveys.survey_id is null
        and exists (select delivered_surveys.survey_id from known_surveys as delivered_surveys)
    union all
    select
        'distribution_contacts' as object_name,
        invitations.invitation_id as record_key,
        case
            when scored_surveys.survey_id is null then 'other_survey_type'
            when invitations.sent_at is null then 'no_date'
        end as reason,
        invitations._batch_id,
        invitations._loaded_at
    from invitations
    left join scored_surveys on invitations.survey_id = scored_surveys.survey_id
    union all
    select
        'distribution_contacts' as object_name,
        invitation_id as record_key,
        'not_sent' as reason,
        _batch_id,
        _loaded_at
    from skipped_contacts
)

select
    object_name,
    record_key,
    reason,
    _batch_id,
    _loaded_at
from reasons
where reason is not null
