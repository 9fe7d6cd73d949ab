{#- The state of a ticket that a status of Freshdesk is; null if freshdesk_statuses does not list it. -#}
{% macro freshdesk_status(column) -%}
    case
        {%- for status, numbers in var('freshdesk_statuses').items() %}
        when {{ column }} in ('{{ numbers | join("', '") }}') then '{{ status }}'
        {%- endfor %}
    end
{%- endmacro %}
