-- one row per contract, in its latest version
with latest_versions as (
    {{ latest_version(source('generic', 'contracts'), ['contract_id'], 'updated_at') }}
),

renamed as (
    select
        contract_id,
        account_id,
        starts_on,
        ends_on,
        amount,
        upper(currency) as currency,
        coalesce(auto_renew, false) as auto_renew,
        renewed_by_contract_id,
        renewed_amount,
        updated_at,
        _batch_id,
        _loaded_at
    from latest_versions
)

select * from renamed
