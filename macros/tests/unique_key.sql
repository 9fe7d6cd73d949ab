{#- One query covers any number of columns. -#}
{% test unique_key(model, columns) %}
{%- set key = [] -%}
{%- for column in columns -%}
    {%- do key.append(adapter.quote(column)) -%}
{%- endfor -%}
select
    {{ key | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ key | join(', ') }}
having count(*) > 1
{% endtest %}
