-- one row per subscription and version in the export
{{ config(enabled='recurly' in var('connectors')) }}
with delivered as (
    select
        export.*,
        coalesce(subscriptions.subscription_id, export.subscription_id, export.subscription_uuid)
            as known_subscription_id,
        coalesce(accounts.account_id, export.account_code) as customer_key,
        coalesce(plans.plan_id, export.plan_code) as plan_id,
        lead(export.version_at) over (partition by export.subscription_uuid order by export.version_at)
            as next_version_at
    from {{ ref('stg_recurly__subscriptions_history_export') }} as export
    left join {{ ref('stg_recurly__subscriptions') }} as subscriptions
        on export.subscription_uuid = subscriptions.uuid
    left join {{ ref('stg_recurly__accounts') }} as accounts on export.account_code = accounts.account_code
    left join {{ ref('unified_recurly__plan_intervals') }} as plans on export.plan_code = plans.plan_key
    where export.version_at is not null
)

select
    known_subscription_id as subscription_id,
    version_uuid,
    version_at,
    customer_key,
    currency,
    state,
    case
        when state = 'expired' then 'ended'
        when state = 'paused' then 'paused'
        when state = 'trial' then 'trialing'
        when state in ('active', 'canceled', 'open') and upper(version_in_trial) in ('Y', 'YES', 'TRUE') then 'trialing'
        when state in ('active', 'canceled', 'open') then 'active'
        else 'none'
    end as status,
    subscription_canceled_at as canceled_at,
    -- A last version that ended, ended the subscription.
    coalesce(
        case when state in ('canceled', 'expired') then subscription_expires_at end,
        case when next_version_at is null then version_ended_at end
    ) as expires_at,
    plan_id,
    cast(coalesce(version_subscription_quantity, 1) as decimal(18, 6)) as quantity,
    cast(version_subscription_unit_amount as decimal(24, 8)) as unit_amount,
    {{ recurly_interval_unit('version_plan_interval_unit', 'version_plan_interval_length') }} as interval_unit,
    {{ recurly_interval_count('version_plan_interval_unit', 'version_plan_interval_length') }} as interval_count,
    _batch_id,
    _loaded_at
from delivered
