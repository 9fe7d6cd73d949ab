-- one row per month, window length in months and combination of slice attributes at the start of the window
{{ config(materialized=inlined()) }}
{%- set windows = [1, 3, 12] %}
{%- set dimensions = account_dimensions() %}
with account_months as (
    select
        account_id,
        month_number,
        closing_mrr,
        is_customer,
        plan_id
    from {{ ref('int_mrr__account_months') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

-- The months of an account have no gaps, so a window is a number of rows.
account_windows as (
    select
        account_months.*,
        slices.slice_number,
        {%- for months in windows %}
        lag(account_months.closing_mrr, {{ months }}) over account_in_time as mrr_{{ months }}_ago,
        lag(account_months.is_customer, {{ months }}) over account_in_time as was_customer_{{ months }}_ago,
        lag(account_months.plan_id, {{ months }}) over account_in_time as plan_{{ months }}_ago
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    from account_months
    inner join slices on account_months.account_id = slices.account_id
    window account_in_time as (partition by account_months.account_id order by account_months.month_number)
),

-- Former customers that were not customers at the start but are now have returned.
totals as (
    {%- for months in windows %}
    select
        month_number,
        {{ months }} as window_months,
        slice_number,
        coalesce(plan_{{ months }}_ago, 'unknown') as plan,
        sum(case when was_customer_{{ months }}_ago then 1 else 0 end) as starting_customers,
        sum(case when was_customer_{{ months }}_ago and is_customer then 1 else 0 end) as retained_customers,
        cast(sum(mrr_{{ months }}_ago) as decimal(18, 4)) as starting_mrr,
        cast(sum(case when was_customer_{{ months }}_ago then closing_mrr else 0 end) as decimal(18, 4)) as ending_mrr,
        cast(sum(least(closing_mrr, mrr_{{ months }}_ago)) as decimal(18, 4)) as kept_mrr,
        cast(sum(case when was_customer_{{ months }}_ago then 0 else closing_mrr end) as decimal(18, 4)) as returned_mrr
    from account_windows
    where was_customer_{{ months }}_ago or (mrr_{{ months }}_ago = 0 and is_customer)
    group by month_number, slice_number, coalesce(plan_{{ months }}_ago, 'unknown')
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

combinations as (
    select * from {{ ref('int_accounts__slice_combinations') }}
)

select
    {%- for dimension in dimensions %}
    combinations.{{ dimension }},
    {%- endfor %}
    totals.*,
    cast(
        totals.ending_mrr
        + case when {{ policy_is('nrr_reactivation', 'include') }} then totals.returned_mrr else 0 end as decimal(18, 4)
    ) as nrr_ending_mrr
from totals
inner join combinations on totals.slice_number = combinations.slice_number
