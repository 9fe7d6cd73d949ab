-- one row per opportunity, in its latest version
with latest_versions as (
    {{ latest_version(source('generic', 'opportunities'), ['opportunity_id'], 'updated_at') }}
),

renamed as (
    select
        opportunity_id,
        account_id,
        opportunity_type,
        amount,
        upper(currency) as currency,
        stage,
        coalesce(is_won, false) as is_won,
        coalesce(is_closed, is_won, false) as is_closed,
        created_at,
        closed_at,
        updated_at,
        coalesce(is_deleted, false) as is_deleted,
        _batch_id,
        _loaded_at
    from latest_versions
)

select * from renamed
