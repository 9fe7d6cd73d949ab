-- one row per contact of Salesforce
{{ config(enabled='salesforce' in var('connectors')) }}
with roles as (
    select
        contact_id,
        {{ first_by('role', "case when is_primary then '0' else '1' end || role_id") }} as role,
        max(case when lower(role) like '%decision maker%' then 1 else 0 end) = 1 as is_decision_maker
    from {{ ref('stg_salesforce__opportunity_contact_roles') }}
    where not is_deleted and role is not null
    group by contact_id
),

-- A person account is a contact too. Its record among the contacts, if it was delivered, decides.
delivered as (
    select
        contact_id,
        account_id,
        email,
        title,
        created_at,
        updated_at,
        is_deleted,
        master_record_id,
        2 as preference,
        _batch_id,
        _loaded_at
    from {{ ref('stg_salesforce__contacts') }}
    union all
    select
        coalesce(person_contact_id, account_id) as contact_id,
        account_id,
        person_email as email,
        null as title,
        created_at,
        updated_at,
        is_deleted,
        null as master_record_id,
        1 as preference,
        _batch_id,
        _loaded_at
    from {{ ref('stg_salesforce__accounts') }}
    where is_person_account
),

ranked as (
    select
        *,
        row_number() over (
            partition by contact_id order by preference desc, updated_at desc nulls last, _loaded_at desc
        ) as choice
    from delivered
)

select
    ranked.contact_id,
    ranked.account_id as account_key,
    {{ hash_person('ranked.email') }} as email_hash,
    coalesce(roles.role, ranked.title) as role,
    roles.is_decision_maker,
    cast(null as bigint) as seniority,
    ranked.created_at,
    ranked.is_deleted or ranked.master_record_id is not null as is_deleted,
    ranked.master_record_id as merged_into_id,
    ranked._batch_id,
    ranked._loaded_at
from ranked
left join roles on ranked.contact_id = roles.contact_id
where ranked.choice = 1
