{#- Id of an account movement. It is the same in every build, because it consists of the account, the instant and the
    precedence. -#}
{% macro movement_id(account_id, occurred_at, precedence) -%}
    {{ account_id }} || '@' || cast({{ occurred_at }} as string)
    || case {{ precedence }}
        when 0 then ' opening'
        when 1 then ' fx'
        when 2 then ' merge'
        else ''
    end
{%- endmacro %}
