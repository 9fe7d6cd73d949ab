-- one row per contact id and per pseudonym of an address, with the account of that person
with contacts as (
    {{ with_linked_account(ref('stg_generic__contacts')) }}
),

{% if has_branch('contacts') -%}
branch_contacts as (
    {{- union_branches('contacts', ['contact_id', 'account_key', 'email_hash', 'is_deleted']) }}
),

-- Systems number their contacts alike. An id that several systems have names the person only with its system.
linked_contacts as (
    select
        case
            when
                min(branch_contacts.source_system) over (partition by branch_contacts.contact_id)
                = max(branch_contacts.source_system) over (partition by branch_contacts.contact_id)
                then branch_contacts.contact_id
            else branch_contacts.source_system || ':' || branch_contacts.contact_id
        end as respondent_id,
        branch_contacts.email_hash,
        branch_contacts.is_deleted,
        keys.account_id
    from branch_contacts
    inner join {{ ref('unified_account_keys') }} as keys
        on branch_contacts.source_system = keys.source_system and branch_contacts.account_key = keys.source_key
),

{% endif -%}
persons as (
    select
        case when contact_id like '%@%' then {{ hash_person('contact_id') }} else contact_id end as respondent_id,
        linked_account_id,
        is_deleted
    from contacts
    union all
    select
        {{ hash_person('email') }} as respondent_id,
        linked_account_id,
        is_deleted
    from contacts
    where email is not null
    {%- if has_branch('contacts') %}
    union all
    select
        respondent_id,
        account_id as linked_account_id,
        is_deleted
    from linked_contacts
    union all
    select
        email_hash as respondent_id,
        account_id as linked_account_id,
        is_deleted
    from linked_contacts
    where email_hash is not null
    {%- endif %}
),

-- A deleted contact still identifies its account, unless another contact has the same id or address now.
counted as (
    select
        respondent_id,
        count(distinct linked_account_id) as accounts,
        min(linked_account_id) as account_id,
        count(distinct case when not is_deleted then linked_account_id end) as present_accounts,
        min(case when not is_deleted then linked_account_id end) as present_account_id
    from persons
    group by respondent_id
)

select
    respondent_id,
    case
        when present_accounts = 1 then present_account_id
        when present_accounts = 0 and accounts = 1 then account_id
    end as account_id
from counted
