-- The months of an account follow each other from its cohort month to the month of as_of, each opening with the
-- closing of the one before.
with account_months as (
    select
        account_id,
        {{ month_number('month') }} as month_number,
        {{ month_number('cohort_month') }} as cohort_month_number,
        opening_mrr,
        closing_mrr
    from {{ ref('fct_account_months') }}
),

compared as (
    select
        *,
        lag(month_number) over account_in_time as previous_month_number,
        lag(closing_mrr) over account_in_time as previous_closing_mrr,
        lead(month_number) over account_in_time as next_month_number
    from account_months
    window account_in_time as (partition by account_id order by month_number)
)

select
    account_id,
    month_number,
    opening_mrr,
    previous_closing_mrr
from compared
where
    month_number <> coalesce(previous_month_number + 1, cohort_month_number)
    or opening_mrr <> coalesce(previous_closing_mrr, 0)
    or (next_month_number is null and month_number <> {{ month_number(as_of()) }})
