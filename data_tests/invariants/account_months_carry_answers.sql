-- The months of an account carry the answers that it gave in them: their CSAT, and a score if one of them was
-- relational NPS.
with answers as (
    select
        account_id,
        {{ month_start(local_month('responded_at')) }} as month,
        count(case when survey_type = 'csat' then 1 end) as csat_answers,
        count(case when survey_type = 'csat' and is_satisfied then 1 end) as satisfied,
        count(case when nps_category is not null and survey_kind = 'relational' then 1 end) as nps_answers
    from {{ ref('fct_survey_responses') }}
    where is_satisfied is not null or nps_category is not null
    group by account_id, {{ month_start(local_month('responded_at')) }}
)

select
    months.account_id,
    months.month,
    months.nps_score_latest,
    months.csat_rate
from {{ ref('fct_account_months') }} as months
left join answers
    on
        months.account_id = answers.account_id
        and months.month = answers.month
where
    months.nps_score_latest not between 0 and 10
    or (answers.nps_answers > 0 and months.nps_score_latest is null)
    or (months.csat_rate is null) <> (coalesce(answers.csat_answers, 0) = 0)
    or abs(months.csat_rate - {{ rate('answers.satisfied', 'answers.csat_answers') }}) > 0.000000001
