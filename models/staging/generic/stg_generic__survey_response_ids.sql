-- one row per delivered row whose response id stands for several answers, with the id of its own answer
-- Two survey tools may both number their answers from 1. Person, type of survey and instant of the invitation tell
-- such answers apart; a cell that is empty tells nothing apart.
{{ config(materialized='table') }}
with delivered as (
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

shared as (
    select response_id
    from delivered
    group by response_id
    having
        count(distinct coalesce(respondent_id, address)) > 1
        or min(survey_type) <> max(survey_type)
        or min(sent_at) <> max(sent_at)
),

-- A row that has only the address of a person belongs to one that has the id beside the same address.
persons as (
    select
        delivered.*,
        coalesce(
            delivered.respondent_id,
            case
                when delivered.address is not null
                    then max(delivered.respondent_id) over (partition by delivered.response_id, delivered.address)
            end,
            delivered.address
        ) as person
    from delivered
    inner join shared on delivered.response_id = shared.response_id
),

completed as (
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
    from persons
),

numbered as (
    select
        *,
        dense_rank() over (
            partition by response_id
            order by known_sent_at asc nulls last, survey_type asc, known_person asc nulls last
        ) as answer_number
    from completed
)

select
    _batch_id,
    _row,
    -- The first answer keeps the id, in whatever order they were delivered.
    case
        when answer_number = 1 then response_id
        else response_id || '#' || cast(answer_number as {{ dbt.type_string() }})
    end as response_id
from numbered
