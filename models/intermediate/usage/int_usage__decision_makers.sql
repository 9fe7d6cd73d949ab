-- one row per account and user id that belongs to a decision maker
{{ config(materialized=inlined()) }}
with contacts as (
    select * from {{ ref('unified_contacts') }}
    where is_decision_maker
),

-- A user id is the id of a contact or the pseudonym of its address.
persons as (
    select
        account_id,
        case when contact_id like '%@%' then {{ hash_person('contact_id') }} else contact_id end as user_id,
        contact_id
    from contacts
    union all
    select
        account_id,
        email_hash as user_id,
        contact_id
    from contacts
    where email_hash is not null
)

select
    account_id,
    user_id,
    min(contact_id) as contact_id
from persons
group by account_id, user_id
