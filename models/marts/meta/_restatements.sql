-- one row per figure of a closed month that a release changed: month, measure, slice and release
with figures_before as (
    select * from {{ ref('stg_previous__measures') }}
),

release_before as (
    select * from {{ ref('stg_previous__release') }}
),

policies_before as (
    select * from {{ ref('stg_previous__policies') }}
),

policies as (
    select * from {{ ref('_policies') }}
),

logged as (
    select * from {{ ref('stg_previous__restatements') }}
),

figures as (
    {{ measure_rows(ref('mrr_monthly'), 'mrr_monthly') }}
    union all
    {{ measure_rows(ref('churn_monthly'), 'churn_monthly') }}
),

-- Compare only policies present in both releases.
other_policies as (
    select count(*) as policy_count
    from policies
    inner join policies_before on policies.policy = policies_before.policy
    where policies.value_in_force <> policies_before.value_in_force
),

months as (
    select max(month) as last_month from figures
),

months_before as (
    select max(month) as last_month from figures_before
),

-- Measures and dimensions that both releases have; within them a slice that is missing has no customers.
comparable as (
    select distinct
        measure,
        dimension
    from figures_before
    intersect
    select distinct
        measure,
        dimension
    from figures
),

compared as (
    select
        coalesce(figures_before.month, figures.month) as month,
        coalesce(figures_before.measure, figures.measure) as measure,
        coalesce(figures_before.dimension, figures.dimension) as dimension,
        coalesce(figures_before.dimension_value, figures.dimension_value) as dimension_value,
        coalesce(figures_before.measure_value, 0) as value_before,
        coalesce(figures.measure_value, 0) as value_now
    from figures_before
    full outer join figures
        on
            figures_before.month = figures.month
            and figures_before.measure = figures.measure
            and figures_before.dimension = figures.dimension
            and figures_before.dimension_value = figures.dimension_value
)

select
    compared.month,
    compared.measure,
    compared.dimension,
    compared.dimension_value,
    cast(compared.value_before as decimal(18, 4)) as value_before,
    cast(compared.value_now as decimal(18, 4)) as value_now,
    case
        when other_policies.policy_count > 0 then 'policies'
        when not release_before.is_same_code then 'code'
        when release_before.has_withdrawals then 'withdrawal'
        else 'data'
    end as cause,
    'development' as first_seen_in_release
from compared
inner join comparable on compared.measure = comparable.measure and compared.dimension = comparable.dimension
inner join months on compared.month <= months.last_month
inner join months_before on compared.month <= months_before.last_month
cross join release_before
cross join other_policies
where compared.value_before <> compared.value_now
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
from logged
