-- one row per combination of slice attributes, and row 0 for what belongs to no account
{{ config(materialized=inlined()) }}
{%- set columns = account_dimensions() %}
select distinct
    slice_number
    {%- for column in columns %},
    {{ column }}
    {%- endfor %}
from {{ ref('int_accounts__slices') }}
union all
select
    0 as slice_number
    {%- for column in columns %},
    'unknown' as {{ column }}
    {%- endfor %}
