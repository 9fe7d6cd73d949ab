{#- The product of factors between 0 and 1 up to and including the current row. -#}
{% macro running_product(factor, partition_by, order_by) -%}
    {%- set window -%}
    over (
        partition by {{ partition_by }}
        order by {{ order_by }}
        rows between unbounded preceding and current row
    )
    {%- endset -%}
    {{ return(adapter.dispatch('running_product', 'csw')(factor, window)) }}
{%- endmacro %}

{% macro duckdb__running_product(factor, window) -%}
    product({{ factor }}) {{ window }}
{%- endmacro %}

{% macro spark__running_product(factor, window) -%}
    aggregate(collect_list({{ factor }}) {{ window }}, cast(1 as double), (product, next) -> product * next)
{%- endmacro %}
