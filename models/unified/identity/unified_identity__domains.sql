-- one row per internet domain of a CRM account, with that account
{{ config(enabled=has_identity()) }}
with recursive records as (
    select * from {{ ref('unified_identity__records') }}
),

free_mail as (
    select * from {{ ref('free_mail_domains') }}
),

links as (
    {{ identity_decisions(['key', 'merge', 'reference']) }}
),

{{ identity_ends('links') }},

-- A deleted record has its domain only while no present record has it.
owners as (
    select
        records.domain,
        coalesce(ends.account_system, records.source_system) as account_system,
        coalesce(ends.account_key, records.source_key) as account_key,
        records.is_deleted,
        min(case when records.is_deleted then 1 else 0 end) over (partition by records.domain) as all_deleted
    from records
    left join free_mail on records.domain = free_mail.domain
    left join ends on records.source_system = ends.source_system and records.source_key = ends.source_key
    where records.is_crm and records.domain is not null and free_mail.domain is null
),

distinct_owners as (
    select distinct
        domain,
        account_system,
        account_key,
        {{ system_rank('account_system') }} as system_rank
    from owners
    where not is_deleted or all_deleted = 1
),

-- An owner in a later CRM joins the first one if the domain is its own and no rule has decided.
ranked as (
    select
        distinct_owners.*,
        row_number() over (
            partition by distinct_owners.domain order by distinct_owners.system_rank, distinct_owners.account_key
        ) as place,
        count(*) over (partition by distinct_owners.domain, distinct_owners.account_system) as owners_in_system,
        coalesce(own.domain = distinct_owners.domain and links.source_key is null, false) as can_join
    from distinct_owners
    left join records as own
        on distinct_owners.account_system = own.source_system and distinct_owners.account_key = own.source_key
    left join links
        on distinct_owners.account_system = links.source_system and distinct_owners.account_key = links.source_key
),

decided_domains as (
    select
        domain,
        max(owners_in_system) = 1 and min(case when place = 1 or can_join then 1 else 0 end) = 1 as is_one_account
    from ranked
    group by domain
)

select
    ranked.domain,
    case when decided_domains.is_one_account then ranked.account_system end as account_system,
    case when decided_domains.is_one_account then ranked.account_key end as account_key,
    cast(ranked.system_rank as bigint) as account_rank
from ranked
inner join decided_domains on ranked.domain = decided_domains.domain
where ranked.place = 1
