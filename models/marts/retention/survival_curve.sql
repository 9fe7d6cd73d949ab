-- one row per slice and month of tenure, from 0 to the longest spell of the slice
{%- set slice_in_time = 'partition by dimension, dimension_value order by tenure_months' %}
with spells as (
    select * from {{ ref('int_retention__customer_spells') }}
),

ended as (
    select
        tenure_months,
        {{ slice_columns() }},
        sum(case when has_churned then 1 else 0 end) as churned,
        sum(case when has_churned then 0 else 1 end) as censored
    from spells
    group by {{ slice_sets(['tenure_months']) }} -- noqa: PRS
),

slices as (
    select
        dimension,
        dimension_value,
        max(tenure_months) as longest
    from ended
    group by dimension, dimension_value
),

ages as (
    select
        dimension,
        dimension_value,
        {{ expand_numbers('0', 'longest') }} as tenure_months
    from slices
),

-- Spells that churn or are censored at an age are at risk at that age. Censored spells leave after those that churn.
counted as (
    select
        ages.dimension,
        ages.dimension_value,
        ages.tenure_months,
        coalesce(ended.churned, 0) as churned,
        coalesce(ended.censored, 0) as censored,
        sum(coalesce(ended.churned + ended.censored, 0)) over (
            partition by ages.dimension, ages.dimension_value
            order by ages.tenure_months
            rows between current row and unbounded following
        ) as at_risk
    from ages
    left join ended
        on
            ages.dimension = ended.dimension
            and ages.dimension_value = ended.dimension_value
            and ages.tenure_months = ended.tenure_months
),

-- Kaplan and Meier 1958, with Greenwood's variance of the logarithm. Digits beyond the twelfth are noise.
estimated as (
    select
        *,
        round({{ running_product(
            '1 - cast(churned as double) / at_risk', 'dimension, dimension_value', 'tenure_months'
        ) }}, 12) as survival_rate,
        sum({{ rate('churned', '(at_risk - churned) * at_risk') }}) over (
            {{ slice_in_time }} rows between unbounded preceding and current row
        ) as log_variance
    from counted
),

-- The 95 % interval on the scale of log(-log(S)), which stays between 0 and 1 (Kalbfleisch and Prentice 1980).
bounded as (
    select
        *,
        case
            when survival_rate > 0 and survival_rate < 1
                then {{ normal_95() }} * sqrt(log_variance) / -ln(survival_rate)
        end as half_width
    from estimated
)

select
    dimension,
    dimension_value,
    cast(tenure_months as bigint) as tenure_months,
    cast(at_risk as bigint) as at_risk,
    cast(churned as bigint) as churned,
    cast(censored as bigint) as censored,
    survival_rate,
    round(power(survival_rate, exp(half_width)), 12) as ci_low,
    round(power(survival_rate, exp(-half_width)), 12) as ci_high,
    cast(min(case when survival_rate <= 0.5 then tenure_months end) over (
        partition by dimension, dimension_value
    ) as bigint) as median_tenure_months
from bounded
