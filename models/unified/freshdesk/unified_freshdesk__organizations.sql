-- one row per company of Freshdesk and domain, and per mail domain of contacts without a company
{{ config(enabled='freshdesk' in var('connectors')) }}
{{ organization_rows(
    ref('stg_freshdesk__companies'), ref('stg_freshdesk__company_domains'), ref('stg_freshdesk__contacts')
) }}
