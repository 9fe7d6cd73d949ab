-- The rows of each dimension add up to the total, period by period: MRR, churn, retention, renewals and satisfaction.
{%- set checks = [
    ('mrr_monthly', ['month'], ['opening_mrr', 'net_new_mrr', 'net_churn_mrr', 'transfer_mrr', 'closing_mrr', 'committed_mrr', 'closing_customers']),
    ('churn_monthly', ['month'], ['churned_customers', 'churned_mrr', 'unknown_mrr']),
    ('retention_monthly', ['month', 'window_months'], ['starting_customers', 'retained_customers', 'ending_mrr', 'kept_mrr']),
    ('renewals_quarterly', ['quarter'], ['due', 'renewed', 'open_due', 'due_contracts', 'open_contracts']),
    ('retention_cohorts', ['cohort_month', 'months_since'], ['cohort_customers', 'retained_customers', 'retained_mrr']),
    (
        'satisfaction_periods',
        ['period_start', 'period_type', 'survey_type', 'survey_kind', 'scale_max', 'higher_is_better', 'touchpoint'],
        ['invited', 'responses', 'satisfied'],
    ),
] %}
{%- for mart, keys, measures in checks %}
{%- for measure in measures %}
select
    '{{ mart }}' as mart,
    '{{ measure }}' as measure,
    total.{{ keys[0] }} as first_key,
    total.dimension,
    total.measured as dimension_total,
    overall.{{ measure }} as overall
from (
    select {{ keys | join(', ') }}, dimension, sum({{ measure }}) as measured
    from {{ ref(mart) }}
    where dimension <> 'all'
    group by {{ keys | join(', ') }}, dimension
) as total
inner join {{ ref(mart) }} as overall
    on
        {%- for key in keys %}
        total.{{ key }} = overall.{{ key }} and
        {%- endfor %}
        overall.dimension = 'all'
where total.measured <> overall.{{ measure }}
{% if not loop.last %}union all{% endif %}
{%- endfor %}
{% if not loop.last %}union all{% endif %}
{%- endfor %}
