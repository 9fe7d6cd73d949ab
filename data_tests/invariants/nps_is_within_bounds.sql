-- Scores lie between -100 and 100 and within their interval. The categories add up to the responses. No period has more
-- responses than invitations.
select
    'nps_periods' as mart,
    period_start,
    weighting,
    nps,
    responses
from {{ ref('nps_periods') }}
where
    nps not between -100 and 100
    or nps not between nps_ci_low and nps_ci_high
    or (nps_ci_low is not null and responses < 2)
    or promoters + passives + detractors <> responses
    or responses > invited
    or response_rate not between 0 and 1
    or (weighting <> 'mrr' and (nps is null) <> (responses = 0))
union all
select
    'nps_cohorts' as mart,
    cohort_month as period_start,
    survey_kind as weighting,
    nps,
    responses
from {{ ref('nps_cohorts') }}
where
    nps not between -100 and 100
    or nps not between nps_ci_low and nps_ci_high
    or (nps_ci_low is not null and responses < 2)
    or promoters + passives + detractors <> responses
    or (nps is null) <> is_suppressed
