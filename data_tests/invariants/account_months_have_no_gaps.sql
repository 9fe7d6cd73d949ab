-- An account has one row for every month from its cohort month to the month of as_of. Each month opens with the
-- closing balance of the month before.
with account_months as (
    select
        account_id,
        {{ month_number('month') }} as month_number,
        {{ month_number('cohort_month') }} as cohort_month_number,
        opening_mrr,
        reactivation_mrr,
        transfer_mrr,
        closing_mrr,
        opening_mrr_constant,
        closing_mrr_constant,
        is_customer_at_open,
        is_customer_at_close
    from {{ ref('fct_account_months') }}
),

compared as (
    select
        *,
        lag(month_number) over account_in_time as previous_month_number,
        lag(closing_mrr) over account_in_time as previous_closing_mrr,
        lag(closing_mrr_constant) over account_in_time as previous_closing_mrr_constant,
        lag(is_customer_at_close) over account_in_time as was_customer_at_close,
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
    month_number <> previous_month_number + 1
    -- An account that churned before the loaded history has no months until it returns or takes over an item.
    or (
        previous_month_number is null
        and month_number <> cohort_month_number
        and (
            {{ policy_is('first_loaded_month', 'none') }}
            or (opening_mrr = 0 and reactivation_mrr = 0 and transfer_mrr = 0)
        )
    )
    or opening_mrr <> previous_closing_mrr
    or (previous_month_number is null and opening_mrr <> 0 and {{ policy_is('first_loaded_month', 'none') }})
    or opening_mrr_constant <> coalesce(previous_closing_mrr_constant, opening_mrr_constant)
    or is_customer_at_open <> coalesce(was_customer_at_close, is_customer_at_open)
    or (next_month_number is null and month_number <> {{ as_of_month() }})
