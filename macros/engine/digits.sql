{#- The digits of a text as a number; null without any. -#}
{% macro digits(text) -%}
    {{ return(adapter.dispatch('digits', 'csw')(text)) }}
{%- endmacro %}

{% macro duckdb__digits(text) -%}
    cast(nullif(regexp_replace({{ text }}, '[^0-9]', '', 'g'), '') as bigint)
{%- endmacro %}

{% macro spark__digits(text) -%}
    cast(nullif(regexp_replace({{ text }}, '[^0-9]', ''), '') as bigint)
{%- endmacro %}
