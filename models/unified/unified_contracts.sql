-- one row per contract
with contracts as (
    {{ with_linked_account(ref('stg_generic__contracts')) }}
),

unified as (
    select
        'generic' as source_system,
        contract_id,
        linked_account_id as account_id,
        starts_on,
        ends_on,
        {{ round_money('amount') }} as amount,
        currency,
        auto_renew,
        renewed_by_contract_id,
        {{ round_money('renewed_amount') }} as renewed_amount,
        _batch_id,
        _loaded_at
    from contracts
)

select * from unified
