-- one row per contact person
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

select * from unified
