{#- Id of an account movement: the same in every build, because it is made of what the movement is. -#}
{% macro movement_id(account_id, occurred_at, is_fx_impact) -%}
    {{ dbt.hash(account_id ~ " || '@' || cast(" ~ occurred_at ~ " as varchar) || case when " ~ is_fx_impact ~ " then ' fx' else '' end") }}
{%- endmacro %}
