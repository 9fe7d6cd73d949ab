-- one row per account, with its slice attributes and one number for their combination
{%- set columns = account_dimensions() %}
with accounts as (
    select
        account_id
        {%- for dimension in policy('slice_dimensions') if dimension != 'plan' %},
        coalesce({{ dimension }}, 'unknown') as {{ slice_name(dimension) }}
        {%- endfor %}
    from {{ ref('unified_accounts') }}
)

-- Grouping by one number is much cheaper than grouping by several texts.
select
    *,
    {% if columns -%}
    cast(dense_rank() over (order by {{ columns | join(', ') }}) as integer)
    {%- else -%}
    1
    {%- endif %} as slice_number
from accounts
