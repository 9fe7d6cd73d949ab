-- one row per contact of HubSpot, also of those that HubSpot no longer returns after a merge
{{ config(enabled='hubspot' in var('connectors')) }}
with contacts as (
    select * from {{ ref('stg_hubspot__contacts') }}
),

merged as (
    select * from {{ ref('unified_hubspot__merged_ids') }}
    where object_name = 'contacts'
),

-- The primary company counts, else the only one.
links as (
    select
        contact_id,
        {{ last_by('case when is_primary then company_id end', '_loaded_at') }} as primary_company_id,
        case when min(company_id) = max(company_id) then min(company_id) end as only_company_id
    from {{ ref('stg_hubspot__contact_companies') }}
    where not is_deleted
    group by contact_id
),

linked as (
    select
        contacts.*,
        coalesce(contacts.company_id, links.primary_company_id, links.only_company_id) as account_key
    from contacts
    left join links on contacts.contact_id = links.contact_id
)

select
    coalesce(linked.contact_id, merged.merged_id) as contact_id,
    -- A merged contact speaks for the company of the one that remains.
    coalesce(winners.account_key, linked.account_key) as account_key,
    {{ hash_person('linked.email') }} as email_hash,
    coalesce(linked.job_title, lower(linked.buying_role)) as role,
    lower(linked.buying_role) like '%decision_maker%' as is_decision_maker,
    cast(null as bigint) as seniority,
    linked.created_at,
    coalesce(linked.is_deleted, true) or merged.merged_id is not null as is_deleted,
    merged.merged_into_id,
    coalesce(linked._batch_id, merged._batch_id) as _batch_id,
    coalesce(linked._loaded_at, merged._loaded_at) as _loaded_at
from linked
full outer join merged on linked.contact_id = merged.merged_id
left join linked as winners on merged.merged_into_id = winners.contact_id
