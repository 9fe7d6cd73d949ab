-- one row per month and combination of slice attributes: the smallest base from which every slice adds up
{%- set groups = slice_measures() %}
{%- set adjusted = ['opening_mrr', 'opening_mrr_constant', 'committed_mrr', 'opening_customers'] %}
{%- set money = [] %}
{%- set counts = [] %}
{%- for group, relation in [
    ('balances', 'balances'), ('movements', 'movements'), ('losses', 'movements'), ('transfers', 'transfers')
] %}
{%- for measure in groups[group]['money'] %}
{%- do money.append((measure, relation)) %}
{%- endfor %}
{%- for measure in groups[group]['counts'] %}
{%- do counts.append((measure, relation)) %}
{%- endfor %}
{%- endfor %}
{%- set dimensions = account_dimensions() %}
with balances as (
    select * from {{ ref('int_revenue__slice_balances') }}
),

-- Wherever MRR moves there is a balance; only a plan that everybody left has none.
movements as (
    select * from {{ ref('int_revenue__slice_movements') }}
),

transfers as (
    select * from {{ ref('int_revenue__slice_transfers') }}
),

slices as (
    select distinct
        slice_number
        {%- for dimension in dimensions %},
        {{ dimension }}
        {%- endfor %}
    from {{ ref('int_accounts__slices') }}
),

totals as (
    select
        coalesce(balances.month_number, transfers.month_number) as month_number,
        coalesce(balances.slice_number, transfers.slice_number) as slice_number,
        coalesce(balances.plan, transfers.plan) as plan,
        {%- for measure, relation in money %}
        cast(
            coalesce({{ relation }}.{{ measure }}, 0)
            {%- if measure in adjusted %} + coalesce(transfers.{{ measure }}, 0){% endif %} as decimal(18, 4)
        ) as {{ measure }},
        {%- endfor %}
        {%- for measure, relation in counts %}
        cast(
            coalesce({{ relation }}.{{ measure }}, 0)
            {%- if measure in adjusted %} + coalesce(transfers.{{ measure }}, 0){% endif %} as bigint
        ) as {{ measure }}
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    from balances
    left join movements
        on
            balances.month_number = movements.month_number
            and balances.slice_number = movements.slice_number
            and balances.plan = movements.plan
    full outer join transfers
        on
            balances.month_number = transfers.month_number
            and balances.slice_number = transfers.slice_number
            and balances.plan = transfers.plan
)

select
    {%- for dimension in dimensions %}
    slices.{{ dimension }},
    {%- endfor %}
    totals.*
from totals
inner join slices on totals.slice_number = slices.slice_number
