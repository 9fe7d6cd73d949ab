-- one row per subscription, origin and version
{{ config(enabled='recurly' in var('connectors')) }}
with plans as (
    select * from {{ ref('unified_recurly__plan_intervals') }}
),

exported as (
    select
        coalesce(subscriptions.subscription_id, export.subscription_id, export.subscription_uuid) as subscription_id,
        export.version_at,
        export.version_ended_at,
        coalesce(accounts.account_id, export.account_code) as customer_key,
        export.currency,
        case
            when upper(export.version_in_trial) in ('Y', 'YES', 'TRUE') and export.state in ('active', 'open', 'trial')
                then 'trialing'
            when export.state in ('open', 'trial') then 'active'
            else export.state
        end as state,
        export.subscription_canceled_at as canceled_at,
        export.subscription_expires_at as expires_at,
        export.plan_code,
        export.version_subscription_quantity as quantity,
        export.version_subscription_unit_amount as unit_amount,
        export.version_plan_interval_unit as interval_unit,
        export.version_plan_interval_length as interval_length,
        lead(export.version_at) over (partition by export.subscription_uuid order by export.version_at)
            as next_version_at,
        export._batch_id,
        export._loaded_at
    from {{ ref('stg_recurly__subscriptions_history_export') }} as export
    left join {{ ref('stg_recurly__subscriptions') }} as subscriptions
        on export.subscription_uuid = subscriptions.uuid
    left join {{ ref('stg_recurly__accounts') }} as accounts on export.account_code = accounts.account_code
),

stated as (
    select
        versions.subscription_id,
        'subscriptions' as origin,
        versions.version_at,
        versions.history_source,
        coalesce(versions.account_id, versions.account_code) as customer_key,
        versions.currency,
        case
            when versions.is_deleted or versions.state = 'expired' then 'ended'
            when
                versions.state = 'paused' or (versions.remaining_pause_cycles > 0 and versions.paused_at <= versions.version_at)
                then 'paused'
            when versions.state in ('active', 'canceled') and versions.trial_ends_at > versions.version_at then 'trialing'
            when versions.state in ('active', 'canceled') then 'active'
            else 'none'
        end as status,
        coalesce(
            {{ earliest('versions.trial_started_at', 'versions.activated_at') }}, versions.created_at, versions.version_at
        ) as service_from,
        coalesce(versions.current_period_started_at, versions.current_term_started_at, versions.version_at) as known_from,
        versions.trial_ends_at as trial_end,
        versions.paused_at,
        versions.state,
        versions.canceled_at,
        versions.expires_at,
        versions.expiration_reason,
        coalesce(plans.plan_id, versions.plan_id, versions.plan_code) as plan_id,
        coalesce(versions.quantity, 1) as quantity,
        versions.unit_amount,
        plans.interval_unit,
        plans.interval_count,
        versions._batch_id,
        versions._loaded_at
    from {{ ref('stg_recurly__subscription_versions') }} as versions
    left join plans on coalesce(versions.plan_id, versions.plan_code) = plans.plan_key
    union all
    select
        exported.subscription_id,
        'export' as origin,
        exported.version_at,
        'loader_history' as history_source,
        exported.customer_key,
        exported.currency,
        case
            when exported.state = 'expired' then 'ended'
            when exported.state in ('paused', 'trialing') then exported.state
            when exported.state in ('active', 'canceled') then 'active'
            else 'none'
        end as status,
        exported.version_at as service_from,
        exported.version_at as known_from,
        cast(null as timestamp) as trial_end,
        exported.version_at as paused_at,
        exported.state,
        exported.canceled_at,
        -- A last version that ended, ended the subscription.
        coalesce(
            case when exported.state in ('canceled', 'expired') then exported.expires_at end,
            case when exported.next_version_at is null then exported.version_ended_at end
        ) as expires_at,
        cast(null as {{ dbt.type_string() }}) as expiration_reason,
        coalesce(plans.plan_id, exported.plan_code) as plan_id,
        coalesce(exported.quantity, 1) as quantity,
        exported.unit_amount,
        {{ recurly_interval_unit('exported.interval_unit', 'exported.interval_length') }} as interval_unit,
        {{ recurly_interval_count('exported.interval_unit', 'exported.interval_length') }} as interval_count,
        exported._batch_id,
        exported._loaded_at
    from exported
    left join plans on exported.plan_code = plans.plan_key
    where exported.version_at is not null
),

ranked as (
    select
        *,
        -- Versions of one instant: the one that goes on counts.
        row_number() over (
            partition by subscription_id, origin, version_at
            order by case when status = 'ended' then 1 else 0 end, state
        ) as version_rank
    from stated
    where customer_key is not null and currency is not null
)

select
    subscription_id,
    origin,
    version_at,
    history_source,
    customer_key,
    currency,
    status,
    service_from,
    known_from,
    case when status not in ('trialing', 'paused') and trial_end > version_at then version_at else trial_end end
        as trial_end,
    case when status = 'paused' then coalesce(paused_at, version_at) end as paused_from,
    case
        when status = 'ended' then coalesce(expires_at, version_at)
        when state = 'canceled' or origin = 'export' then expires_at
    end as ends_at,
    case when status = 'ended' or state = 'canceled' then canceled_at end as cancel_requested_at,
    case
        when status <> 'ended' and state <> 'canceled' then null
        when expiration_reason like 'nonpayment%' or expiration_reason like 'non_payment%' then 'involuntary'
        when expiration_reason in ('trial_ended', 'non_renewing', 'not_renewed') then 'planned_end'
        when expiration_reason = 'canceled' or canceled_at is not null or state = 'canceled' then 'voluntary'
    end as cancel_kind,
    cast(null as {{ dbt.type_string() }}) as cancel_reason,
    plan_id,
    cast(quantity as decimal(18, 6)) as quantity,
    cast(unit_amount as decimal(24, 8)) as unit_amount,
    interval_unit,
    interval_count,
    _batch_id,
    _loaded_at
from ranked
where version_rank = 1
