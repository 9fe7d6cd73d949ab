-- one row per survey invitation or answer known at as_of, and whether its score counts
with responses as (
    select * from {{ ref('unified_survey_responses') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

-- Nothing that happened after as_of is known yet: an answer given later is still an invitation.
known as (
    select
        responses.*,
        case when responses.responded_at <= {{ as_of() }} then responses.score end as known_score,
        case when responses.responded_at <= {{ as_of() }} then responses.responded_at end as known_responded_at,
        case
            when responses.survey_type = 'nps'
                then
                    responses.scale_max = 10
                    and responses.higher_is_better
                    and responses.score between 0 and 10
                    and responses.score = floor(responses.score)
            else responses.score between 0 and responses.scale_max
        end as is_on_scale,
        coalesce(responses.sent_at, responses.responded_at) as invited_at
    from responses
    left join accounts on responses.account_id = accounts.account_id
    where
        coalesce(responses.sent_at, responses.responded_at) <= {{ as_of() }}
        and not coalesce(accounts.is_internal, false)
),

-- Each period asks a person once per type and kind of survey: of several answers the latest counts in it.
ranked as (
    select
        response_id,
        {%- for period in ['month', 'quarter'] %}
        row_number() over (
            partition by
                survey_type,
                survey_kind,
                {{ person_asked('survey_kind', 'respondent_id', 'response_id') }},
                {{ dbt.date_trunc(period, local_time('invited_at')) }},
                known_score is not null and is_on_scale
            order by known_responded_at desc, response_id desc
        ) as {{ period }}_rank,
        {%- endfor %}
        -- Two people of an account may be asked at the same instant; the id settles which of them is the latest.
        row_number() over (partition by account_id order by invited_at, response_id) as recency
    from known
)

select
    known.response_id,
    known.account_id,
    known.respondent_id,
    known.survey_type,
    known.survey_kind,
    known.touchpoint,
    known.known_score as score,
    known.scale_max,
    known.higher_is_better,
    known.is_delivered,
    known.sent_at,
    known.known_responded_at as responded_at,
    known.invited_at,
    ranked.recency,
    case when known.known_score is not null then known.is_on_scale end as is_valid_score,
    known.known_score is not null and known.is_on_scale and ranked.quarter_rank = 1 as is_counted,
    known.known_score is not null and known.is_on_scale and ranked.month_rank = 1 as is_counted_in_month
from known
inner join ranked on known.response_id = ranked.response_id
