-- one row per cohort month, months since and combination of slice attributes in the cohort month
{{ config(materialized=inlined()) }}
{%- set dimensions = account_dimensions() %}
with account_months as (
    select * from {{ ref('int_mrr__account_months') }}
    -- Older cohorts are incomplete: the data has only the accounts that stayed.
    where cohort_month_number >= {{ first_month_number() }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

first_plans as (
    select
        account_id,
        plan_id
    from {{ ref('int_mrr__account_month_net') }}
    where month_number = cohort_month_number
),

attributes as (
    select
        slices.account_id,
        slices.slice_number,
        first_plans.plan_id
    from slices
    inner join first_plans on slices.account_id = first_plans.account_id
),

totals as (
    select
        account_months.cohort_month_number,
        account_months.month_number,
        attributes.slice_number,
        coalesce(attributes.plan_id, 'unknown') as plan,
        count(*) as cohort_customers,
        sum(case when account_months.is_customer then 1 else 0 end) as retained_customers,
        cast(sum(account_months.closing_mrr) as decimal(18, 4)) as retained_mrr,
        cast(sum(account_months.lowest_mrr) as decimal(18, 4)) as lowest_mrr
    from account_months
    inner join attributes on account_months.account_id = attributes.account_id
    group by
        account_months.cohort_month_number,
        account_months.month_number,
        attributes.slice_number,
        coalesce(attributes.plan_id, 'unknown')
),

combinations as (
    select distinct
        slice_number
        {%- for dimension in dimensions %},
        {{ dimension }}
        {%- endfor %}
    from slices
)

select
    {%- for dimension in dimensions %}
    combinations.{{ dimension }},
    {%- endfor %}
    totals.*
from totals
inner join combinations on totals.slice_number = combinations.slice_number
