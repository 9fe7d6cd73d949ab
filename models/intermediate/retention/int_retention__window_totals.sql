-- one row per month, window length in months and combination of slice attributes at the start of the window
{{ config(materialized='view') }}
{%- set windows = [1, 3, 12] %}
with account_months as (
    select
        account_id,
        month_number,
        closing_mrr,
        plan_id
    from {{ ref('int_revenue__account_months') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

-- The months of an account have no gaps, so a window is a number of rows.
compared as (
    select
        account_id,
        month_number,
        closing_mrr,
        {%- for months in windows %}
        lag(closing_mrr, {{ months }}) over account_in_time as mrr_{{ months }}_ago,
        lag(plan_id, {{ months }}) over account_in_time as plan_{{ months }}_ago
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    from account_months
    window account_in_time as (partition by account_id order by month_number)
)

{% for months in windows %}
select
    compared.month_number,
    {{ months }} as window_months,
    {{ slice_attributes('accounts', 'compared.plan_' ~ months ~ '_ago') }},
    count(*) as starting_customers,
    sum(case when compared.closing_mrr > 0 then 1 else 0 end) as retained_customers,
    cast(sum(compared.mrr_{{ months }}_ago) as decimal(18, 4)) as starting_mrr,
    cast(sum(compared.closing_mrr) as decimal(18, 4)) as ending_mrr,
    cast(sum(least(compared.closing_mrr, compared.mrr_{{ months }}_ago)) as decimal(18, 4)) as kept_mrr
from compared
inner join accounts on compared.account_id = accounts.account_id
where compared.mrr_{{ months }}_ago > 0
group by
    compared.month_number,
    {{ slice_attributes('accounts', 'compared.plan_' ~ months ~ '_ago', with_names=false) }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
