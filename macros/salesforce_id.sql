{#- A Salesforce id with 18 characters. Reports and forms give 15, which differ by upper and lower case alone. Each of the
    three characters to append says which letters of five are capitals; the first letter is the lowest bit. -#}
{% macro salesforce_id(id) -%}
    case
        when length({{ id }}) = 15 then {{ id }}
        {%- for part in range(3) %}
            || substring('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1
            {%- for place in range(5) %}
                + case when substring({{ id }}, {{ 5 * part + place + 1 }}, 1) between 'A' and 'Z' then {{ 2 ** place }} else 0 end
            {%- endfor %}, 1)
        {%- endfor %}
        else {{ id }}
    end
{%- endmacro %}
