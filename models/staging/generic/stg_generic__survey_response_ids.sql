-- one row per delivered row whose response id several answers share, with the id of its own answer
-- Two survey tools may both number their answers from 1. The person, the survey type and the time of the invitation
-- distinguish such answers. An empty cell never does.
{{ config(materialized='table') }}
with responses as (
    select
        _batch_id,
        _row,
        response_id,
        survey_type,
        sent_at,
        respondent_id,
        lower(trim(respondent_email)) as address
    from {{ source('generic', 'survey_responses') }}
),

shared_ids as (
    select response_id
    from responses
    group by response_id
    having
        count(distinct coalesce(respondent_id, address)) > 1
        or min(survey_type) <> max(survey_type)
        or min(sent_at) <> max(sent_at)
),

-- A row with only an address belongs to the person whose id another row has beside that address.
person_rows as (
    select
        responses.*,
        coalesce(
            responses.respondent_id,
            case
                when responses.address is not null
                    then max(responses.respondent_id) over (partition by responses.response_id, responses.address)
            end,
            responses.address
        ) as person
    from responses
    inner join shared_ids on responses.response_id = shared_ids.response_id
),

answer_rows as (
    select
        *,
        coalesce(
            person,
            min(person) over (partition by response_id, survey_type, sent_at),
            min(person) over (partition by response_id, survey_type)
        ) as known_person,
        coalesce(
            sent_at,
            min(sent_at) over (partition by response_id, survey_type, person),
            min(sent_at) over (partition by response_id, survey_type)
        ) as known_sent_at
    from person_rows
),

numbered_answers as (
    select
        *,
        dense_rank() over (
            partition by response_id
            order by known_sent_at asc nulls last, survey_type asc, known_person asc nulls last
        ) as answer_number
    from answer_rows
)

select
    _batch_id,
    _row,
    -- The first answer keeps the id in any order of delivery.
    case
        when answer_number = 1 then response_id
        else response_id || '#' || cast(answer_number as {{ dbt.type_string() }})
    end as response_id
from numbered_answers
