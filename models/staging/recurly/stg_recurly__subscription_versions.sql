-- one row per version of a subscription
{{ config(enabled='recurly' in var('connectors')) }}
with delivered as (
    select
        *,
        coalesce(updated_at, _version_from, _extracted_at, _loaded_at) as version_at
    from {{ source('recurly', 'subscriptions') }}
),

counted as (
    select
        *,
        min(version_at) over (partition by id, _batch_id) < max(version_at) over (partition by id, _batch_id)
            as is_one_of_several
    from delivered
),

versions as (
    {{ latest_version('counted', ['id', 'version_at'], is_vendor=true) }}
)

select
    id as subscription_id,
    uuid,
    account_id,
    account_code,
    plan_id,
    plan_code,
    lower(state) as state,
    created_at,
    activated_at,
    current_period_started_at,
    current_term_started_at,
    current_term_ends_at,
    trial_started_at,
    trial_ends_at,
    paused_at,
    remaining_pause_cycles,
    canceled_at,
    expires_at,
    lower(expiration_reason) as expiration_reason,
    unit_amount,
    quantity,
    upper(currency) as currency,
    subtotal,
    auto_renew,
    total_billing_cycles,
    version_at,
    coalesce(_is_deleted, false) as is_deleted,
    case when _version_from is not null or is_one_of_several then 'loader_history' else 'deliveries' end
        as history_source,
    _batch_id,
    _loaded_at
from versions
