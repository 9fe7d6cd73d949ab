-- one row per subscription, evidence and start of a state
{{ config(enabled='chargebee' in var('connectors')) }}
with states as (
    {{ subscription_states(ref('unified_chargebee__subscription_stretches')) }}
)

select
    subscription_id,
    customer_key,
    status,
    valid_from,
    valid_to,
    cancel_requested_at,
    cast(null as timestamp) as cancel_effective_at,
    cancel_kind,
    cancel_reason,
    cast(null as {{ dbt.type_string() }}) as replaces_subscription_id,
    history_source,
    _batch_id,
    _loaded_at
from states
