-- one row per contact person
{%- set columns = ['email_hash', 'role', 'is_decision_maker', 'seniority', 'created_at', '_batch_id', '_loaded_at'] %}
with contacts as (
    {{ with_linked_account(ref('stg_generic__contacts')) }}
),

unified as (
    select
        contact_id,
        linked_account_id as account_id,
        {{ hash_person('email') }} as email_hash,
        role,
        is_decision_maker,
        seniority,
        created_at,
        _batch_id,
        _loaded_at
    from contacts
    where not is_deleted
)
{%- if has_branch('contacts') %},

branch_contacts as (
    {{- union_branches('contacts', ['contact_id', 'account_key', 'is_deleted', 'merged_into_id'] + columns) }}
)
{%- endif %}

select * from unified
{%- if has_branch('contacts') %}
union all
select
    -- Systems number their contacts alike.
    branch_contacts.source_system || ':' || branch_contacts.contact_id as contact_id,
    coalesce(keys.account_id, branch_contacts.source_system || ':' || branch_contacts.account_key) as account_id,
    branch_contacts.{{ columns | join(',\n    branch_contacts.') }}
from branch_contacts
left join {{ ref('unified_account_keys') }} as keys
    on branch_contacts.source_system = keys.source_system and branch_contacts.account_key = keys.source_key
where
    branch_contacts.account_key is not null
    and branch_contacts.merged_into_id is null
    and not branch_contacts.is_deleted
{%- endif %}
