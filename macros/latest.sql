{#- The later of two values, ignoring a null. Engines differ in how greatest() treats a null. -#}
{% macro latest(first, second) -%}
    coalesce(greatest({{ first }}, {{ second }}), {{ first }}, {{ second }})
{%- endmacro %}
