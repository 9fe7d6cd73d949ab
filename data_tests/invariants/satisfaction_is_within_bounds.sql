-- A share lies within its interval, which lies between 0 and 1. The touchpoints of a survey add up to the row `all`.
with totals as (
    select
        period_type,
        period_start,
        survey_type,
        survey_kind,
        scale_max,
        higher_is_better,
        dimension,
        dimension_value,
        sum(case when touchpoint = 'all' then 1 else -1 end * invited) as invited_apart,
        sum(case when touchpoint = 'all' then 1 else -1 end * responses) as responses_apart,
        sum(case when touchpoint = 'all' then 1 else -1 end * satisfied) as satisfied_apart
    from {{ ref('satisfaction_periods') }}
    group by
        period_type, period_start, survey_type, survey_kind, scale_max, higher_is_better, dimension, dimension_value
)

select
    period_start,
    survey_type,
    touchpoint,
    responses
from {{ ref('satisfaction_periods') }}
where
    satisfaction_rate not between satisfaction_ci_low and satisfaction_ci_high
    or satisfaction_ci_low not between 0 and 1
    or satisfaction_ci_high not between 0 and 1
    or mean_score not between 0 and scale_max
    or satisfied not between 0 and responses
    or responses > invited
    or (satisfaction_rate is null) <> (responses = 0)
    or (satisfaction_ci_low is null) <> (responses = 0)
    or (satisfaction_ci_high is null) <> (responses = 0)
    or (mean_score is null) <> (responses = 0)
    or (band is null) <> (responses < {{ policy('nps_min_responses') }})
union all
select
    period_start,
    survey_type,
    'all' as touchpoint,
    responses_apart as responses
from totals
where invited_apart <> 0 or responses_apart <> 0 or satisfied_apart <> 0
