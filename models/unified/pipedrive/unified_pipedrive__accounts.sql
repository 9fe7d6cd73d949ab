-- one row per organization of Pipedrive
{{ config(enabled='pipedrive' in var('connectors')) }}
with organizations as (
    select * from {{ ref('stg_pipedrive__organizations') }}
),

users as (
    select * from {{ ref('stg_pipedrive__users') }}
),

free_mail as (
    select * from {{ ref('free_mail_domains') }}
),

-- Older accounts of Pipedrive have no field for the domain. Two persons of the organization show it by their addresses,
-- if nobody of another organization has such an address.
mailboxes as (
    select
        organization_id,
        {{ company_domain("split_part(email, '@', 2)") }} as domain,
        lower(trim(email)) as email
    from {{ ref('stg_pipedrive__persons') }}
    where organization_id is not null and not is_deleted
),

shared_domains as (
    select
        mailboxes.domain,
        min(mailboxes.organization_id) as organization_id
    from mailboxes
    left join free_mail on mailboxes.domain = free_mail.domain
    where mailboxes.domain is not null and free_mail.domain is null
    group by mailboxes.domain
    having count(distinct mailboxes.organization_id) = 1 and count(distinct mailboxes.email) >= 2
),

mail_domains as (
    select
        organization_id,
        min(domain) as domain
    from shared_domains
    group by organization_id
    having count(*) = 1
)

select
    organizations.organization_id as source_key,
    organizations.organization_name as account_name,
    coalesce({{ company_domain('organizations.website') }}, mail_domains.domain) as domain,
    organizations.parent_id as parent_key,
    organizations.segment,
    organizations.industry,
    organizations.country,
    organizations.acquisition_channel,
    coalesce(users.full_name, organizations.owner_name) as owner_name,
    organizations.created_at,
    organizations.is_deleted,
    organizations.is_internal,
    -- Pipedrive does not say what a record was merged into.
    cast(null as string) as merged_into_key,
    organizations._batch_id,
    organizations._loaded_at
from organizations
left join users on organizations.owner_id = users.user_id
left join mail_domains on organizations.organization_id = mail_domains.organization_id
