-- one row per subscription, kind of evidence and stretch of time in one state
{{ config(enabled='stripe' in var('connectors')) }}
{%- set rest = [
    'cancel_requested_at', 'cancel_effective_at', 'cancel_kind', 'cancel_reason', 'history_source', '_batch_id',
    '_loaded_at',
] %}
with states as (
    select
        *,
        status = 'active' and trial_end > trial_start as may_be_trial
    from {{ ref('unified_stripe__states') }}
    union all
    select
        *,
        status = 'active' and trial_end > trial_start as may_be_trial
    from {{ ref('unified_stripe__exported_states') }}
),

-- A trial is active service before trial_start and from trial_end on, whatever the status said when it was read.
stretches as (
    select
        subscription_id,
        customer_id,
        status,
        valid_from,
        case when may_be_trial then {{ earliest('valid_to', 'trial_start') }} else valid_to end as valid_to,
        {{ rest | join(',\n        ') }}
    from states
    union all
    select
        subscription_id,
        customer_id,
        'trialing' as status,
        greatest(valid_from, trial_start) as valid_from,
        {{ earliest('valid_to', 'trial_end') }} as valid_to,
        {{ rest | join(',\n        ') }}
    from states
    where may_be_trial
    union all
    select
        subscription_id,
        customer_id,
        status,
        greatest(valid_from, trial_end) as valid_from,
        valid_to,
        {{ rest | join(',\n        ') }}
    from states
    where may_be_trial
)

select
    subscription_id,
    customer_id as customer_key,
    status,
    valid_from,
    valid_to,
    cancel_requested_at,
    cancel_effective_at,
    cancel_kind,
    cancel_reason,
    cast(null as string) as replaces_subscription_id,
    history_source,
    _batch_id,
    _loaded_at
from stretches
where coalesce(valid_to > valid_from, true)
