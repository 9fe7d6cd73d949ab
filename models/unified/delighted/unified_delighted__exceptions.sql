-- one row per record and reason
{{ config(enabled='delighted' in var('connectors')) }}
with responses as (
    select * from {{ ref('stg_delighted__survey_responses') }}
),

people as (
    select * from {{ ref('stg_delighted__people') }}
),

invitations as (
    select * from {{ ref('unified_delighted__invitations') }}
),

project_types as (
    select count(distinct survey_type) as survey_types
    from responses
    where survey_type in ('nps', 'csat', 'ces') and score is not null and responded_at is not null and not is_deleted
),

reasons as (
    select
        'survey_responses' as object_name,
        responses.response_id as record_key,
        case
            when responses.is_deleted then 'deleted'
            when coalesce(responses.survey_type, '') not in ('nps', 'csat', 'ces') then 'other_survey_type'
            when responses.score is null then 'no_score'
            when responses.responded_at is null then 'no_date'
            when invitations.response_id is null then 'history_unknown'
        end as reason,
        responses._batch_id,
        responses._loaded_at
    from responses
    left join invitations on responses.response_id = invitations.response_id
    union all
    -- Without any person, nobody knows who is unknown.
    select
        'survey_responses' as object_name,
        responses.response_id as record_key,
        'orphan_response' as reason,
        responses._batch_id,
        responses._loaded_at
    from responses
    left join people on responses.person_id = people.person_id
    where
        people.person_id is null
        and exists (select delivered_people.person_id from people as delivered_people)
    union all
    select
        'people' as object_name,
        invitations.person_id as record_key,
        'other_survey_type' as reason,
        max(invitations._batch_id) as _batch_id,
        max(invitations._loaded_at) as _loaded_at
    from invitations
    cross join project_types
    where invitations.response_id is null and project_types.survey_types <> 1
    group by invitations.person_id
    union all
    select
        'people' as object_name,
        late_invitations.person_id as record_key,
        'unsubscribed' as reason,
        max(late_invitations._batch_id) as _batch_id,
        max(late_invitations._loaded_at) as _loaded_at
    from {{ ref('stg_delighted__invitations') }} as late_invitations
    inner join {{ ref('stg_delighted__unsubscribes') }} as unsubscribes
        on late_invitations.person_id = unsubscribes.person_id
    where late_invitations.sent_at > unsubscribes.unsubscribed_at
    group by late_invitations.person_id
)

select
    object_name,
    record_key,
    reason,
    _batch_id,
    _loaded_at
from reasons
where reason is not null
