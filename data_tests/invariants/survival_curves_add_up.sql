-- A curve starts with all spells and never rises. The spells that end at a tenure leave the risk set there. The slices
-- of each dimension together have all spells.
with curve as (
    select
        *,
        lag(survival_rate) over slice_in_time as previous_rate,
        lag(tenure_months) over slice_in_time as previous_tenure,
        lag(at_risk - churned - censored) over slice_in_time as left_at_risk,
        lead(tenure_months) over slice_in_time as next_tenure
    from {{ ref('survival_curve') }}
    window slice_in_time as (partition by dimension, dimension_value order by tenure_months)
),

spells as (
    select
        count(*) as spells,
        sum(case when has_churned then 1 else 0 end) as churned
    from {{ ref('int_retention__customer_spells') }}
),

totals as (
    select
        dimension,
        sum(churned) as churned,
        sum(churned + censored) as ended
    from curve
    group by dimension
)

select
    dimension,
    dimension_value,
    tenure_months,
    at_risk,
    survival_rate
from curve
where
    tenure_months <> coalesce(previous_tenure + 1, 0)
    or at_risk <> coalesce(left_at_risk, at_risk)
    or survival_rate > coalesce(previous_rate, 1)
    or (survival_rate < coalesce(previous_rate, 1)) <> (churned > 0)
    or (next_tenure is null and churned + censored <> at_risk)
union all
select
    totals.dimension,
    'churned ' || totals.churned || ' of ' || spells.churned as dimension_value,
    null as tenure_months,
    totals.ended as at_risk,
    null as survival_rate
from totals
cross join spells
where totals.ended <> spells.spells or totals.churned <> spells.churned
