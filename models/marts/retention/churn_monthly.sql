-- one row per month and slice
{%- set kinds = churn_kinds() %}
with slice_totals as (
    select * from {{ ref('int_mrr__slice_months') }}
),

sliced as (
    select
        month_number,
        {{ slice_columns() }},
        cast(sum(opening_customers) as bigint) as opening_customers,
        cast(sum(churned_customers) as bigint) as churned_customers,
        cast(sum(new_and_churned_customers) as bigint) as new_and_churned_customers,
        cast(sum(opening_mrr) as decimal(18, 4)) as opening_mrr,
        cast(sum(net_churn_mrr) as decimal(18, 4)) as churned_mrr,
        cast(sum(net_contraction_mrr) as decimal(18, 4)) as contraction_mrr,
        cast(sum(base_customers) as bigint) as base_customers,
        cast(sum(base_mrr) as decimal(18, 4)) as base_mrr,
        sum(net_expansion_mrr) as expansion_mrr,
        sum(net_reactivation_mrr) as reactivation_mrr,
        sum(churn_mrr + contraction_mrr) as event_losses_mrr,
        {%- for kind in kinds %}
        cast(sum({{ kind }}_customers) as bigint) as {{ kind }}_customers,
        cast(sum({{ kind }}_mrr) as decimal(18, 4)) as {{ kind }}_mrr
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    from slice_totals
    group by {{ slice_sets(['month_number']) }} -- noqa: PRS
)

select
    {{ month_start('month_number') }} as month,
    dimension,
    dimension_value,
    month_number < {{ as_of_month() }} as is_complete,
    opening_customers,
    churned_customers,
    new_and_churned_customers,
    base_customers,
    {{ rate('churned_customers', 'base_customers') }} as customer_churn_rate,
    opening_mrr,
    base_mrr,
    churned_mrr,
    contraction_mrr,
    {{ rate('-(churned_mrr + contraction_mrr)', 'base_mrr') }} as gross_mrr_churn_rate,
    {{ rate('-event_losses_mrr', 'base_mrr') }} as gross_mrr_churn_rate_events,
    {{ rate(
        '-(churned_mrr + contraction_mrr + expansion_mrr + reactivation_mrr)', 'base_mrr'
    ) }} as net_mrr_churn_rate,
    {%- for kind in kinds %}
    {{ kind }}_customers,
    {{ kind }}_mrr
    {%- if not loop.last %},{% endif -%}
    {%- endfor %}
from sliced
