{#- What a response of Qualtrics is, from its status as a number or a word. Only a real one counts. -#}
{% macro qualtrics_response_kind(status) -%}
    case
        when {{ status }} is null or lower({{ status }}) in ('0', '4', '16', 'ip address', 'imported', 'offline') then 'real'
        when lower({{ status }}) in ('1', '17', 'survey preview', 'offline survey preview') then 'preview'
        when lower({{ status }}) in ('2', 'survey test') then 'test_mode'
        when lower({{ status }}) in ('8', '9', '12', 'spam', 'possible spam', 'survey preview spam', 'imported spam') then 'spam'
        else 'unknown_status'
    end
{%- endmacro %}
