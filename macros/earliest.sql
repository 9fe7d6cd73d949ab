{#- The earlier of two instants, ignoring a null. Engines differ in how least() treats a null. -#}
{% macro earliest(first, second) -%}
    coalesce(least({{ first }}, {{ second }}), {{ first }}, {{ second }})
{%- endmacro %}
