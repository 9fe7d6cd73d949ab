-- Every slice opens with its closing balance of the month before. The total has a row for every month.
with slices as (
    select
        *,
        lead(month) over slice_in_time as next_month,
        lead(opening_mrr) over slice_in_time as next_opening_mrr,
        lead(opening_customers) over slice_in_time as next_opening_customers
    from {{ ref('mrr_monthly') }}
    window slice_in_time as (partition by dimension, dimension_value order by month)
)

select
    month,
    dimension,
    dimension_value,
    closing_mrr,
    next_opening_mrr
from slices
where
    (
        {{ month_number('next_month') }} = {{ month_number('month') }} + 1
        and (closing_mrr <> next_opening_mrr or closing_customers <> next_opening_customers)
    )
    or ({{ month_number('next_month') }} > {{ month_number('month') }} + 1 and (dimension = 'all' or closing_mrr <> 0))
    or (next_month is null and {{ month_number('month') }} <> {{ as_of_month() }} and closing_mrr <> 0)
