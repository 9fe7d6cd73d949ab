{#- Id of an account movement: the same in every build, because it is made of what the movement is. -#}
{% macro movement_id(account_id, occurred_at, precedence) -%}
    {{ account_id }} || '@' || cast({{ occurred_at }} as string)
    || case {{ precedence }}
        when 0 then ' opening'
        when 1 then ' fx'
        when 2 then ' merge'
        else ''
    end
{%- endmacro %}
