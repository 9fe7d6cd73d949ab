{#- The person that an answer counts for, once per period. An answer without a person counts on its own. With the policy
    `nps_transactional: each`, so does every answer after an event. -#}
{% macro person_asked(survey_kind, respondent_id, response_id) -%}
    {%- set nobody = "'response ' || " ~ response_id -%}
    {%- if policy('nps_transactional') == 'each' -%}
    case when {{ survey_kind }} = 'transactional' then {{ nobody }} else coalesce({{ respondent_id }}, {{ nobody }}) end
    {%- else -%}
    coalesce({{ respondent_id }}, {{ nobody }})
    {%- endif -%}
{%- endmacro %}
