-- one row per contract term, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with contract_terms as (
    {{ latest_version(source('chargebee', 'contract_terms'), ['id'], none, is_vendor=true) }}
)

select
    id as contract_term_id,
    subscription_id,
    lower(status) as status,
    contract_start,
    contract_end,
    total_contract_value,
    lower(action_at_term_end) as action_at_term_end,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from contract_terms
