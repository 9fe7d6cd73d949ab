-- one row per answer, and per known invitation without one
{{ config(enabled='delighted' in var('connectors')) }}
with responses as (
    select * from {{ ref('stg_delighted__survey_responses') }}
    where
        survey_type in ('nps', 'csat', 'ces')
        and score is not null
        and responded_at is not null
        and not is_deleted
),

people as (
    select * from {{ ref('stg_delighted__people') }}
),

invitations as (
    select * from {{ ref('unified_delighted__invitations') }}
),

declared as (
    select * from {{ ref('survey_questions') }}
    where system = 'delighted'
),

touchpoints as (
    select
        markers.response_id,
        min(touchpoints.touchpoint) as touchpoint,
        min(touchpoints.survey_kind) as survey_kind
    from {{ ref('stg_delighted__response_markers') }} as markers
    inner join {{ ref('survey_touchpoints') }} as touchpoints
        on touchpoints.system = 'delighted' and markers.marker = touchpoints.survey_id
    group by markers.response_id
),

answers as (
    select
        responses.response_id,
        {{ account_reference('responses.person_properties', 'responses.extra_fields', 'person_properties_') }}
            as account_reference,
        responses.person_id as respondent_id,
        {{ hash_person("coalesce(nullif(trim(people.email), ''), nullif(trim(responses.email), ''))") }}
            as email_hash,
        responses.survey_type,
        coalesce(touchpoints.survey_kind, 'relational') as survey_kind,
        touchpoints.touchpoint,
        responses.score,
        -- CES had five steps, later seven. With five as the default, a 6 is off its scale and shows the mistake.
        cast(coalesce(declared.scale_max, case responses.survey_type when 'nps' then 10 else 5 end) as bigint)
            as scale_max,
        invitations.sent_at,
        true as is_delivered,
        responses.responded_at,
        responses._batch_id,
        responses._loaded_at
    from responses
    left join people on responses.person_id = people.person_id
    left join invitations on responses.response_id = invitations.response_id
    left join declared on responses.survey_type = declared.survey_id and declared.question = 'score'
    left join touchpoints on responses.response_id = touchpoints.response_id
),

-- An invitation has no survey type. It has that of the answers if these have only one.
projects as (
    select
        min(survey_type) as survey_type,
        case when min(survey_kind) = max(survey_kind) then min(survey_kind) else 'relational' end as survey_kind,
        case when count(touchpoint) = count(*) and min(touchpoint) = max(touchpoint) then min(touchpoint) end
            as touchpoint,
        max(scale_max) as scale_max
    from answers
    having min(survey_type) = max(survey_type)
),

unanswered as (
    select
        'invitation-'
        || invitations.person_id
        || '-'
        || row_number() over (partition by invitations.person_id order by invitations.sent_at) as response_id,
        cast(null as {{ dbt.type_string() }}) as account_reference,
        invitations.person_id as respondent_id,
        {{ hash_person("nullif(trim(people.email), '')") }} as email_hash,
        projects.survey_type,
        projects.survey_kind,
        projects.touchpoint,
        cast(null as decimal(18, 6)) as score,
        projects.scale_max,
        invitations.sent_at,
        invitations.is_delivered,
        cast(null as timestamp) as responded_at,
        invitations._batch_id,
        invitations._loaded_at
    from invitations
    cross join projects
    left join people on invitations.person_id = people.person_id
    where invitations.response_id is null
),

unified as (
    select * from answers
    union all
    select * from unanswered
)

select
    response_id,
    account_reference,
    respondent_id,
    email_hash,
    survey_type,
    survey_kind,
    touchpoint,
    cast(null as string) as ticket_id,
    score,
    scale_max,
    true as higher_is_better,
    sent_at,
    is_delivered,
    responded_at,
    _batch_id,
    _loaded_at
from unified
