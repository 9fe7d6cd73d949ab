{#- A select item that repeats its row once for every whole number from `first` to `last`, both included. -#}
{% macro expand_numbers(first, last) -%}
    {{ return(adapter.dispatch('expand_numbers', 'csw')(first, last)) }}
{%- endmacro %}

{% macro default__expand_numbers(first, last) -%}
    {#- Without the condition, a sequence would count down if its end is before its start. -#}
    explode(
        case when {{ last }} >= {{ first }} then sequence(cast({{ first }} as integer), cast({{ last }} as integer)) end
    )
{%- endmacro %}

{% macro duckdb__expand_numbers(first, last) -%}
    cast(unnest(range({{ first }}, {{ last }} + 1)) as integer)
{%- endmacro %}
