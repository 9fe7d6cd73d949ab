-- one row per figure of a closed month that a release changed: month, measure, slice and release
with previous_figures as (
    select * from {{ ref('stg_previous__measures') }}
),

previous_release as (
    select * from {{ ref('stg_previous__release') }}
),

previous_policies as (
    select * from {{ ref('stg_previous__policies') }}
),

policies as (
    select * from {{ ref('_policies') }}
),

log as (
    select * from {{ ref('stg_previous__restatements') }}
),

current_figures as (
    {{ measure_rows(ref('mrr_monthly'), 'mrr_monthly') }}
    union all
    {{ measure_rows(ref('churn_monthly'), 'churn_monthly') }}
),

-- Compare only policies present in both releases.
policy_changes as (
    select count(*) as policy_count
    from policies
    inner join previous_policies on policies.policy = previous_policies.policy
    where policies.value_in_force <> previous_policies.value_in_force
),

months as (
    select max(month) as last_month from current_figures
),

previous_months as (
    select max(month) as last_month from previous_figures
),

-- Compare only measures and dimensions present in both releases. A slice that one release lacks has no customers there.
common_measures as (
    select distinct
        measure,
        dimension
    from previous_figures
    intersect
    select distinct
        measure,
        dimension
    from current_figures
),

changes as (
    select
        coalesce(previous_figures.month, current_figures.month) as month,
        coalesce(previous_figures.measure, current_figures.measure) as measure,
        coalesce(previous_figures.dimension, current_figures.dimension) as dimension,
        coalesce(previous_figures.dimension_value, current_figures.dimension_value) as dimension_value,
        coalesce(previous_figures.measure_value, 0) as value_before,
        coalesce(current_figures.measure_value, 0) as value_now
    from previous_figures
    full outer join current_figures
        on
            previous_figures.month = current_figures.month
            and previous_figures.measure = current_figures.measure
            and previous_figures.dimension = current_figures.dimension
            and previous_figures.dimension_value = current_figures.dimension_value
)

select
    changes.month,
    changes.measure,
    changes.dimension,
    changes.dimension_value,
    cast(changes.value_before as decimal(18, 4)) as value_before,
    cast(changes.value_now as decimal(18, 4)) as value_now,
    case
        when policy_changes.policy_count > 0 then 'policies'
        when not previous_release.is_same_code then 'code'
        when previous_release.has_withdrawals then 'withdrawal'
        else 'data'
    end as cause,
    'development' as first_seen_in_release
from changes
inner join common_measures
    on
        changes.measure = common_measures.measure
        and changes.dimension = common_measures.dimension
inner join months on changes.month <= months.last_month
inner join previous_months on changes.month <= previous_months.last_month
cross join previous_release
cross join policy_changes
where changes.value_before <> changes.value_now
union all
select
    month,
    measure,
    dimension,
    dimension_value,
    value_before,
    value_now,
    cause,
    first_seen_in_release
from log
