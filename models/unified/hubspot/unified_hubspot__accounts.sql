-- one row per company of HubSpot, also of those that HubSpot no longer returns after a merge
{{ config(enabled='hubspot' in var('connectors')) }}
with companies as (
    select * from {{ ref('stg_hubspot__companies') }}
),

owners as (
    select * from {{ ref('stg_hubspot__owners') }}
),

merged as (
    select * from {{ ref('unified_hubspot__merged_ids') }}
    where object_name = 'companies'
)

select
    coalesce(companies.company_id, merged.merged_id) as source_key,
    companies.company_name as account_name,
    {{ company_domain('companies.domain') }} as domain,
    companies.parent_company_id as parent_key,
    companies.segment,
    companies.industry,
    companies.country,
    lower(companies.analytics_source) as acquisition_channel,
    coalesce(owners.full_name, companies.owner_name) as owner_name,
    companies.created_at,
    coalesce(companies.is_deleted, true) or merged.merged_id is not null as is_deleted,
    coalesce(companies.is_internal, false) as is_internal,
    merged.merged_into_id as merged_into_key,
    coalesce(companies._batch_id, merged._batch_id) as _batch_id,
    coalesce(companies._loaded_at, merged._loaded_at) as _loaded_at
from companies
full outer join merged on companies.company_id = merged.merged_id
left join owners on companies.owner_id = owners.owner_id
