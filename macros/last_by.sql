{#- The value with the greatest or smallest `order_by` in a group or window; null values are ignored. -#}
{% macro last_by(value, order_by) -%}
    {{ return(adapter.dispatch('last_by', 'csw')(value, order_by)) }}
{%- endmacro %}

{% macro default__last_by(value, order_by) -%}
    max_by({{ value }}, case when {{ value }} is not null then {{ order_by }} end)
{%- endmacro %}

{% macro duckdb__last_by(value, order_by) -%}
    max_by({{ value }}, {{ order_by }})
{%- endmacro %}


{% macro first_by(value, order_by) -%}
    {{ return(adapter.dispatch('first_by', 'csw')(value, order_by)) }}
{%- endmacro %}

{% macro default__first_by(value, order_by) -%}
    min_by({{ value }}, case when {{ value }} is not null then {{ order_by }} end)
{%- endmacro %}

{% macro duckdb__first_by(value, order_by) -%}
    min_by({{ value }}, {{ order_by }})
{%- endmacro %}
