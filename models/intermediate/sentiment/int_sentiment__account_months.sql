-- one row per account and month in which an answer speaks for the account
with answers as (
    select
        *,
        {{ local_month('responded_at') }} as month_number
    from {{ ref('int_sentiment__invitations') }}
    where
        account_id is not null
        and is_valid_score
),

nps_answers as (
    select
        account_id,
        score,
        month_number,
        lead(month_number) over (
            partition by account_id, {{ person_asked('survey_kind', 'respondent_id', 'response_id') }}
            order by responded_at, response_id
        ) as next_month_number
    from answers
    where
        survey_type = 'nps'
        and survey_kind = 'relational'
),

-- An answer speaks for its person until the next one, for at most 12 months and not beyond as_of.
nps_months as (
    select
        account_id,
        score,
        {{ expand_numbers(
            'month_number',
            'least(coalesce(next_month_number - 1, month_number + 11), month_number + 11, ' ~ as_of_month() ~ ')'
        ) }} as month_number
    from nps_answers
),

scores as (
    select
        account_id,
        month_number,
        avg(cast(score as double)) as nps_score_latest
    from nps_months
    group by account_id, month_number
),

csat_months as (
    select
        account_id,
        month_number,
        {{ rate('sum(case when is_satisfied then 1 else 0 end)', 'count(*)') }} as csat_rate
    from answers
    where survey_type = 'csat'
    group by account_id, month_number
)

select
    coalesce(scores.account_id, csat_months.account_id) as account_id,
    coalesce(scores.month_number, csat_months.month_number) as month_number,
    scores.nps_score_latest,
    csat_months.csat_rate
from scores
full outer join csat_months
    on
        scores.account_id = csat_months.account_id
        and scores.month_number = csat_months.month_number
