-- one row per company of Freshdesk and key of another system that it holds
{{ config(enabled='freshdesk' in var('connectors')) }}
{{ reference_rows(
    ref('stg_freshdesk__companies'), 'organization_id', ['_extra'], prefixes=['custom_fields_', 'custom_', 'cf_']
) }}
