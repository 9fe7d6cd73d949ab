-- one row per organization of Zendesk and domain, and per mail domain of users without an organization
{{ config(enabled='zendesk' in var('connectors')) }}
{{ organization_rows(
    ref('stg_zendesk__organizations'), ref('stg_zendesk__organization_domains'), ref('stg_zendesk__users')
) }}
