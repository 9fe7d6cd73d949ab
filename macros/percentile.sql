{#- The smallest value of a group such that at least the given share of its values is not above it (nearest rank). -#}
{% macro percentile(expression, share) -%}
    {{ return(adapter.dispatch('percentile', 'csw')(expression, share)) }}
{%- endmacro %}

{% macro default__percentile(expression, share) -%}
    percentile_disc({{ share }}) within group (order by {{ expression }})
{%- endmacro %}

{% macro duckdb__percentile(expression, share) -%}
    quantile_disc({{ expression }}, {{ share }})
{%- endmacro %}
