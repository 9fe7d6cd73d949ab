{#- A select item that repeats its row once for every whole number from `first` to `last`, both included. -#}
{% macro expand_numbers(first, last) -%}
    {{ return(adapter.dispatch('expand_numbers', 'csw')(first, last)) }}
{%- endmacro %}

{% macro default__expand_numbers(first, last) -%}
    {#- A sequence whose end lies before its start would count down. -#}
    explode(
        case when {{ last }} >= {{ first }} then sequence(cast({{ first }} as integer), cast({{ last }} as integer)) end
    )
{%- endmacro %}

{% macro duckdb__expand_numbers(first, last) -%}
    cast(unnest(range({{ first }}, {{ last }} + 1)) as integer)
{%- endmacro %}
