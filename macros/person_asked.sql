{#- Who was asked, where a person counts once per period: an answer without a person is nobody else's, and an answer after
    an event stands for itself unless the policy nps_transactional says otherwise. -#}
{% macro person_asked(survey_kind, respondent_id, response_id) -%}
    {%- set nobody = "'response ' || " ~ response_id -%}
    {%- if policy('nps_transactional') == 'each' -%}
    case when {{ survey_kind }} = 'transactional' then {{ nobody }} else coalesce({{ respondent_id }}, {{ nobody }}) end
    {%- else -%}
    coalesce({{ respondent_id }}, {{ nobody }})
    {%- endif -%}
{%- endmacro %}
