{#- Whether any enabled system feeds a branch of the unified layer. -#}
{% macro has_branch(branch) -%}
    {{ return(systems_with(branch) | length > 0) }}
{%- endmacro %}

{#- The enabled systems that feed a branch, in the order of connector_branches. -#}
{% macro systems_with(branch) -%}
    {%- set found = [] -%}
    {%- for system, branches in var('connector_branches').items() if system in var('connectors') and branch in branches -%}
        {%- do found.append(system) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- Names as a list of SQL texts. -#}
{% macro text_list(names) -%}
    ('{{ names | join("', '") }}')
{%- endmacro %}

{#- The rows of one branch of all enabled systems, with `source_system`. Call it only if `has_branch`. -#}
{% macro union_branches(branch, columns) -%}
    {%- for system in systems_with(branch) %}
    select
        '{{ system }}' as source_system,
        {{ columns | join(',\n        ') }}
    from {{ ref('unified_' ~ system ~ '__' ~ branch) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

{#- Whether any enabled system has records of companies, which unified_identity__* match to accounts. -#}
{% macro has_identity() -%}
    {{ return(has_branch('accounts') or has_branch('customers') or has_branch('organizations')) }}
{%- endmacro %}

{#- The place of a system in the order that decides whose account a company is: the generic CRM, then connector_branches,
    which names the CRMs first. -#}
{% macro system_rank(source_system) -%}
    case {{ source_system }}
        when 'generic' then 0
        {%- for system in var('connector_branches') %}
        when '{{ system }}' then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}

{#- The systems that a word of account_reference_fields stands for. -#}
{% macro systems_called(word) -%}
    {%- set feeds = {'crm': 'accounts', 'billing': 'customers'} -%}
    {%- set found = ['generic'] if word == 'crm' else [] -%}
    {%- for system, branches in var('connector_branches').items() if system == word or feeds.get(word) in branches -%}
        {%- do found.append(system) -%}
    {%- endfor -%}
    {{ return(['generic'] if word == 'generic' else found) }}
{%- endmacro %}

{#- An id that no other system can have: the system, then the id of its record; null for a null. -#}
{% macro vendor_id(source_system, id) -%}
    {{ source_system }} || ':' || {{ id }}
{%- endmacro %}
