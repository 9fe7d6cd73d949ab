-- one row per contract
{%- set columns = [
    'starts_on', 'ends_on', 'amount', 'currency', 'auto_renew', 'renewed_by_contract_id', 'renewed_amount',
    '_batch_id', '_loaded_at',
] %}
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
{%- if has_branch('contracts') %},

branch_contracts as (
    {{- union_branches('contracts', ['contract_id', 'account_key'] + columns) }}
)
{%- endif %}

select * from unified
{%- if has_branch('contracts') %}
union all
select
    branch_contracts.source_system,
    branch_contracts.contract_id,
    coalesce(keys.account_id, branch_contracts.source_system || ':' || branch_contracts.account_key) as account_id,
    branch_contracts.{{ columns | join(',\n    branch_contracts.') }}
from branch_contracts
left join {{ ref('unified_account_keys') }} as keys
    on branch_contracts.source_system = keys.source_system and branch_contracts.account_key = keys.source_key
{%- endif %}
