-- Each cell of mrr_monthly is the sum of the movements of the accounts that are in its slice in that month.
{%- set flows = ['new', 'expansion', 'contraction', 'churn', 'reactivation', 'fx_impact'] %}
{%- set dimensions = policy('slice_dimensions') %}
with movements as (
    select
        months.month,
        movements.movement_type,
        movements.mrr_change,
        'all' as all_accounts,
        coalesce(months.plan_id, 'unknown') as {{ slice_name('plan') }}
        {%- for dimension in dimensions if dimension != 'plan' %},
        coalesce(accounts.{{ dimension }}, 'unknown') as {{ slice_name(dimension) }}
        {%- endfor %}
    from {{ ref('fct_mrr_movements') }} as movements
    inner join {{ ref('fct_account_months') }} as months
        on movements.account_id = months.account_id and movements.month = months.month
    inner join {{ ref('dim_accounts') }} as accounts on movements.account_id = accounts.account_id
),

added_up as (
    {%- for dimension in ['all'] + dimensions %}
    select
        month,
        '{{ dimension }}' as dimension,
        {{ 'all_accounts' if dimension == 'all' else slice_name(dimension) }} as dimension_value,
        {%- for flow in flows %}
        sum(case when movement_type = '{{ flow }}' then mrr_change else 0 end) as {{ flow }}_mrr
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    from movements
    group by month, {{ 'all_accounts' if dimension == 'all' else slice_name(dimension) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select
    cells.month,
    cells.dimension,
    cells.dimension_value,
    {%- for flow in flows %}
    cells.{{ flow }}_mrr,
    added_up.{{ flow }}_mrr as {{ flow }}_movements
    {%- if not loop.last %},{% endif -%}
    {%- endfor %}
from {{ ref('mrr_monthly') }} as cells
full outer join added_up
    on
        cells.month = added_up.month
        and cells.dimension = added_up.dimension
        and cells.dimension_value = added_up.dimension_value
where
    {%- for flow in flows %}
    coalesce(cells.{{ flow }}_mrr, 0) <> coalesce(added_up.{{ flow }}_mrr, 0)
    {%- if not loop.last %} or{% endif -%}
    {%- endfor %}
