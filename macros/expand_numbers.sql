{#- A select item that repeats its row once for every whole number from `first` to `last`, both included. -#}
{% macro expand_numbers(first, last) -%}
    {{ return(adapter.dispatch('expand_numbers', 'csw')(first, last)) }}
{%- endmacro %}

{% macro default__expand_numbers(first, last) -%}
    explode(sequence({{ first }}, {{ last }}))
{%- endmacro %}

{% macro duckdb__expand_numbers(first, last) -%}
    unnest(range({{ first }}, {{ last }} + 1))
{%- endmacro %}
