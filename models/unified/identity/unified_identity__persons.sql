-- one row per pseudonym of a contact's address, with the account of that person
{{ config(enabled=has_identity()) }}
with recursive records as (
    select * from {{ ref('unified_identity__records') }}
),

names as (
    select * from {{ ref('unified_identity__names') }}
),

{% if has_branch('contacts') -%}
branch_contacts as (
    {{- union_branches('contacts', ['contact_id', 'account_key', 'email_hash', 'is_deleted']) }}
),

{% endif -%}
-- The contact of a plain export may name any account. An account that nobody knows counts as one of its own.
contacts as (
    select
        case when contacts.contact_id like '%@%' then 'with that address' else contacts.contact_id end as contact_id,
        {{ hash_person('contacts.email') }} as email_hash,
        coalesce(names.source_system, 'generic') as source_system,
        coalesce(names.source_key, contacts.account_id) as source_key,
        contacts.is_deleted
    from {{ ref('stg_generic__contacts') }} as contacts
    left join names on contacts.account_id = names.account_id
    {%- if has_branch('contacts') %}
    union all
    select
        contact_id,
        email_hash,
        source_system,
        account_key as source_key,
        is_deleted
    from branch_contacts
    where account_key is not null
    {%- endif %}
),

links as (
    {{ identity_decisions(['key', 'merge', 'reference', 'domain']) }}
),

{{ identity_ends('links') }},

persons as (
    select
        contacts.email_hash,
        contacts.contact_id,
        contacts.is_deleted,
        coalesce(ends.account_system, contacts.source_system) as account_system,
        coalesce(ends.account_key, contacts.source_key) as account_key,
        min(case when contacts.is_deleted then 1 else 0 end) over (partition by contacts.email_hash) as all_deleted
    from contacts
    left join ends on contacts.source_system = ends.source_system and contacts.source_key = ends.source_key
    where contacts.email_hash is not null
),

-- A deleted contact still identifies its account, unless another contact has the same address now.
counted as (
    select
        email_hash,
        min(account_system) as account_system,
        min(account_key) as account_key,
        min(account_system) = max(account_system) and min(account_key) = max(account_key) as is_one_account,
        min(contact_id) as contact_id
    from persons
    where not is_deleted or all_deleted = 1
    group by email_hash
)

select
    counted.email_hash,
    case when counted.is_one_account then counted.account_system end as account_system,
    case when counted.is_one_account then counted.account_key end as account_key,
    counted.contact_id
from counted
left join records on counted.account_system = records.source_system and counted.account_key = records.source_key
-- A contact of a company that was never delivered identifies no account.
where not counted.is_one_account or records.source_key is not null
