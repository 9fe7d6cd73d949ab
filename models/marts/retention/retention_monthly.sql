-- one row per month, slice and window length; the slice is the account's at the start of the window
with months as (
    select
        {{ month_number('month') }} as month_number,
        is_complete
    from {{ ref('dim_months') }}
),

lengths as (
    select 1 as window_months
    union all
    select 3 as window_months
    union all
    select 12 as window_months
),

windows as (
    select
        months.month_number,
        lengths.window_months,
        months.is_complete
    from months
    cross join lengths
),

window_totals as (
    select * from {{ ref('int_retention__window_totals') }}
),

sliced as (
    select
        month_number,
        window_months,
        {{ slice_columns() }},
        cast(sum(starting_customers) as bigint) as starting_customers,
        cast(sum(retained_customers) as bigint) as retained_customers,
        cast(sum(starting_mrr) as decimal(18, 4)) as starting_mrr,
        cast(sum(ending_mrr) as decimal(18, 4)) as ending_mrr,
        cast(sum(kept_mrr) as decimal(18, 4)) as kept_mrr,
        cast(sum(returned_mrr) as decimal(18, 4)) as returned_mrr,
        cast(sum(nrr_ending_mrr) as decimal(18, 4)) as nrr_ending_mrr
    from window_totals
    group by {{ slice_sets(['month_number', 'window_months']) }} -- noqa: PRS
),

-- The total has a row for every month, including the months before the first window is full.
complete_total as (
    select
        windows.month_number,
        windows.window_months,
        windows.is_complete,
        coalesce(sliced.dimension, 'all') as dimension,
        coalesce(sliced.dimension_value, 'all') as dimension_value,
        coalesce(sliced.starting_customers, 0) as starting_customers,
        coalesce(sliced.retained_customers, 0) as retained_customers,
        coalesce(sliced.starting_mrr, 0) as starting_mrr,
        coalesce(sliced.ending_mrr, 0) as ending_mrr,
        coalesce(sliced.kept_mrr, 0) as kept_mrr,
        coalesce(sliced.returned_mrr, 0) as returned_mrr,
        sliced.nrr_ending_mrr
    from windows
    left join sliced
        on
            windows.month_number = sliced.month_number
            and windows.window_months = sliced.window_months
)

select
    {{ month_start('month_number') }} as month,
    dimension,
    dimension_value,
    cast(window_months as bigint) as window_months,
    is_complete,
    starting_customers,
    retained_customers,
    {{ rate('retained_customers', 'starting_customers') }} as customer_retention_rate,
    cast(starting_mrr as decimal(18, 4)) as starting_mrr,
    cast(ending_mrr as decimal(18, 4)) as ending_mrr,
    cast(kept_mrr as decimal(18, 4)) as kept_mrr,
    cast(returned_mrr as decimal(18, 4)) as returned_mrr,
    {{ rate('nrr_ending_mrr', 'starting_mrr') }} as nrr,
    {{ rate('kept_mrr', 'starting_mrr') }} as grr
from complete_total
