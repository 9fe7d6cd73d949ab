{#- The earlier of two instants; a null is no instant (engines differ on least() with a null). -#}
{% macro earliest(first, second) -%}
    coalesce(least({{ first }}, {{ second }}), {{ first }}, {{ second }})
{%- endmacro %}
