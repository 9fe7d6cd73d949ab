-- one row per survey invitation or answer known at as_of, and whether its score counts
with responses as (
    select * from {{ ref('unified_survey_responses') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

-- An answer after as_of is not known yet, so its row is still an invitation without an answer.
invitations as (
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
            else
                responses.score between case when responses.higher_is_better then 0 else 1 end and responses.scale_max
        end as is_on_scale,
        -- If a low score is good, the scale is reversed. Such scales start at 1.
        case
            when responses.higher_is_better then responses.score
            else responses.scale_max + 1 - responses.score
        end as directed_score,
        coalesce(responses.sent_at, responses.responded_at) as invited_at
    from responses
    left join accounts on responses.account_id = accounts.account_id
    where
        coalesce(responses.sent_at, responses.responded_at) <= {{ as_of() }}
        and not coalesce(accounts.is_internal, false)
),

-- The latest answer of a person counts in each period, per survey type and kind. person_asked defines a person.
ranks as (
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
        -- Two people of an account may be invited at the same instant. The id then decides which invitation is later.
        row_number() over (partition by account_id order by invited_at, response_id) as recency
    from invitations
)

select
    invitations.response_id,
    invitations.account_id,
    invitations.respondent_id,
    invitations.survey_type,
    invitations.survey_kind,
    invitations.touchpoint,
    invitations.ticket_id,
    invitations.known_score as score,
    case when invitations.known_score is not null then invitations.directed_score end as directed_score,
    invitations.scale_max,
    invitations.higher_is_better,
    invitations.is_delivered,
    invitations.sent_at,
    invitations.known_responded_at as responded_at,
    invitations.invited_at,
    ranks.recency,
    case when invitations.known_score is not null then invitations.is_on_scale end as is_valid_score,
    case
        when invitations.known_score is null or not invitations.is_on_scale then null
        when invitations.survey_type = 'csat' then invitations.directed_score >= 0.8 * invitations.scale_max
        when invitations.survey_type = 'ces' then invitations.directed_score * 7 >= 5 * invitations.scale_max
    end as is_satisfied,
    invitations.known_score is not null and invitations.is_on_scale and ranks.quarter_rank = 1 as is_counted,
    invitations.known_score is not null and invitations.is_on_scale and ranks.month_rank = 1 as is_counted_in_month
from invitations
inner join ranks on invitations.response_id = ranks.response_id
