-- one row per organization of Pipedrive and key of another system that it holds
{{ config(enabled='pipedrive' in var('connectors')) }}
{{ reference_rows(
    ref('stg_pipedrive__organizations'), 'organization_id', ['_extra'], prefixes=['custom_fields_']
) }}
