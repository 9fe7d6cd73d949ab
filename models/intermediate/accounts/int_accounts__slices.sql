-- one row per account, with its slice attributes and one number for their combination
{%- set dimensions = account_dimensions() %}
with accounts as (
    select
        account_id
        {%- for dimension in dimensions %},
        coalesce({{ dimension }}, 'unknown') as {{ dimension }}
        {%- endfor %}
    from {{ ref('unified_accounts') }}
)

-- Grouping by one number is much cheaper than grouping by several texts.
select
    *,
    {% if dimensions -%}
    cast(dense_rank() over (order by {{ dimensions | join(', ') }}) as integer)
    {%- else -%}
    1
    {%- endif %} as slice_number
from accounts
