-- one row per month and combination of slice attributes: the smallest base from which every slice adds up
{%- set groups = slice_measures() %}
{%- set money = groups.values() | map(attribute='money') | sum(start=[]) %}
{%- set counts = groups.values() | map(attribute='counts') | sum(start=[]) %}
{%- set relations = {
    'balances': groups['balances']['money'] + groups['balances']['counts'],
    'movements': groups['movements']['money'] + groups['movements']['counts']
        + groups['losses']['money'] + groups['losses']['counts'],
    'transfers': groups['transfers']['money'] + groups['transfers']['counts']
        + ['opening_mrr', 'opening_mrr_constant', 'opening_customers'],
} %}
{%- set dimensions = account_dimensions() %}
with balances as (
    select * from {{ ref('int_revenue__slice_balances') }}
),

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

combined as (
    {%- for relation, measures in relations.items() %}
    select
        month_number,
        slice_number,
        plan_id,
        {%- for measure in money + counts %}
        {% if measure in measures %}{{ measure }}{% else %}0 as {{ measure }}{% endif %}
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    from {{ relation }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

totals as (
    select
        month_number,
        slice_number,
        coalesce(plan_id, 'unknown') as plan,
        {%- for measure in money %}
        cast(sum({{ measure }}) as decimal(18, 4)) as {{ measure }},
        {%- endfor %}
        {%- for measure in counts %}
        cast(sum({{ measure }}) as bigint) as {{ measure }}
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    from combined
    group by month_number, slice_number, coalesce(plan_id, 'unknown')
)

select
    {%- for dimension in dimensions %}
    slices.{{ dimension }},
    {%- endfor %}
    totals.*
from totals
inner join slices on totals.slice_number = slices.slice_number
