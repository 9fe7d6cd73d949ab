-- one row per cohort month, months since and combination of slice attributes in the cohort month
{{ config(materialized='view') }}
with account_months as (
    select
        account_id,
        cohort_month_number,
        month_number,
        closing_mrr,
        lowest_mrr
    from {{ ref('int_revenue__account_months') }}
),

first_months as (
    select
        account_id,
        plan_id
    from {{ ref('int_revenue__account_month_changes') }}
    where month_number = cohort_month_number
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

attributes as (
    select
        accounts.account_id,
        {{ slice_attributes('accounts', 'first_months.plan_id') }}
    from accounts
    inner join first_months on accounts.account_id = first_months.account_id
)

select
    account_months.cohort_month_number,
    account_months.month_number,
    {%- for dimension in policy('slice_dimensions') %}
    attributes.{{ dimension }},
    {%- endfor %}
    count(*) as cohort_customers,
    sum(case when account_months.closing_mrr > 0 then 1 else 0 end) as retained_customers,
    cast(sum(account_months.closing_mrr) as decimal(18, 4)) as retained_mrr,
    cast(sum(account_months.lowest_mrr) as decimal(18, 4)) as lowest_mrr
from account_months
inner join attributes on account_months.account_id = attributes.account_id
group by
    account_months.cohort_month_number,
    account_months.month_number
    {%- for dimension in policy('slice_dimensions') %},
    attributes.{{ dimension }}
    {%- endfor %}
