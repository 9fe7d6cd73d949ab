-- one row per calendar month from the first movement to the month of as_of
with movements as (
    select * from {{ ref('int_mrr__account_movements') }}
),

bounds as (
    select
        coalesce(min(month_number), {{ as_of_month() }}) as first_month,
        {{ as_of_month() }} as last_month
    from movements
),

months as (
    select
        {{ expand_numbers('first_month', 'last_month') }} as month_number,
        last_month
    from bounds
)

select
    {{ month_start('month_number') }} as month,
    cast({{ dbt.dateadd('day', -1, month_start('month_number + 1')) }} as date) as month_end_on,
    cast({{ dbt.date_trunc('quarter', month_start('month_number')) }} as date) as quarter,
    cast(extract(year from {{ month_start('month_number') }}) as integer) as year,
    month_number < last_month as is_complete
from months
