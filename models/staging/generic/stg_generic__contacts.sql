-- one row per contact, in its latest version
with latest_versions as (
    {{ latest_version(source('generic', 'contacts'), ['contact_id'], 'updated_at') }}
),

renamed as (
    select
        contact_id,
        account_id,
        email,
        full_name,
        role,
        coalesce(is_decision_maker, false) as is_decision_maker,
        seniority,
        created_at,
        updated_at,
        coalesce(is_deleted, false) as is_deleted,
        _batch_id,
        _loaded_at
    from latest_versions
)

select * from renamed
