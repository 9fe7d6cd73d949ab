-- one row per company of HubSpot and key of another system that it holds
{{ config(enabled='hubspot' in var('connectors')) }}
{{ reference_rows(
    ref('stg_hubspot__companies'), 'company_id', ['_extra'], prefixes=['properties_', 'property_']
) }}
