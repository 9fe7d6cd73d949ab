{#- The internet domain of an e-mail address; null if there is none. -#}
{% macro mail_domain(email) -%}
    {{ company_domain(dbt.split_part(email, "'@'", 2)) }}
{%- endmacro %}
