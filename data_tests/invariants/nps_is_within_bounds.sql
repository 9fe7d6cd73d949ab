-- Scores lie between -100 and 100 and within their interval. The categories add up to the responses. No period has more
-- responses than invitations. A change compares two scores.
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
    or (nps_change is null) <> (nps is null or previous_nps is null)
    or abs(nps_change - (nps - previous_nps)) > 0.000001
    or (nps_change_margin is not null and (nps_change is null or responses < {{ policy('nps_min_responses') }}))
    or is_significant_change <> (abs(nps_change) > nps_change_margin)
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
