{#- The product of factors between 0 and 1 up to and including the present row. -#}
{% macro running_product(factor, partition_by, order_by) -%}
    {{ return(adapter.dispatch('running_product', 'csw')(factor, partition_by, order_by)) }}
{%- endmacro %}

{% macro default__running_product(factor, partition_by, order_by) -%}
    {#- Zero has no logarithm, and once it has come up the product stays zero. -#}
    {%- set window = 'over (partition by ' ~ partition_by ~ ' order by ' ~ order_by ~ ' rows between unbounded preceding and current row)' -%}
    case
        when min({{ factor }}) {{ window }} <= 0 then 0
        else exp(sum(case when {{ factor }} > 0 then ln({{ factor }}) end) {{ window }})
    end
{%- endmacro %}

{% macro duckdb__running_product(factor, partition_by, order_by) -%}
    product({{ factor }}) over (
        partition by {{ partition_by }}
        order by {{ order_by }}
        rows between unbounded preceding and current row
    )
{%- endmacro %}
