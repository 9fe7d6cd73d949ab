-- one row per coupon redemption and subscription
{{ config(enabled='recurly' in var('connectors')) }}
with redemptions as (
    select * from {{ ref('unified_recurly__redemptions') }}
),

subscriptions as (
    select
        subscriptions.subscription_id,
        subscriptions.account_id,
        subscriptions.currency,
        plans.interval_unit,
        plans.interval_count
    from {{ ref('stg_recurly__subscriptions') }} as subscriptions
    left join {{ ref('unified_recurly__plan_intervals') }} as plans
        on coalesce(subscriptions.plan_id, subscriptions.plan_code) = plans.plan_key
),

-- A coupon of the account reduces each of its subscriptions.
reduced as (
    select
        redemptions.*,
        subscriptions.subscription_id as reduced_subscription_id,
        subscriptions.currency,
        subscriptions.interval_unit,
        subscriptions.interval_count
    from redemptions
    inner join subscriptions on redemptions.subscription_id = subscriptions.subscription_id
    union all
    select
        redemptions.*,
        subscriptions.subscription_id as reduced_subscription_id,
        subscriptions.currency,
        subscriptions.interval_unit,
        subscriptions.interval_count
    from redemptions
    inner join subscriptions on redemptions.account_id = subscriptions.account_id
    where redemptions.subscription_id is null
),

planned as (
    select
        *,
        case duration
            when 'temporal' then {{ add_intervals('created_at', 'temporal_unit', 'temporal_amount') }}
            -- The one invoice of a coupon is that of its first interval.
            when 'single_use' then {{ add_intervals('created_at', 'interval_unit', 'interval_count') }}
        end as planned_to
    from reduced
),

ended as (
    select
        *,
        case
            when duration = 'single_use' then planned_to
            else {{ earliest('removed_at', 'planned_to') }}
        end as valid_to
    from planned
)

select
    ended.redemption_id as discount_id,
    ended.reduced_subscription_id as subscription_id,
    cast(null as {{ dbt.type_string() }}) as item_id,
    case ended.duration when 'single_use' then 'once' when 'temporal' then 'repeating' else 'forever' end
        as discount_kind,
    ended.percent_off,
    case when ended.percent_off is null then cast(amounts.amount_off as decimal(24, 8)) end as amount_off,
    case when ended.percent_off is null then ended.currency end as currency,
    cast(2 as {{ dbt.type_bigint() }}) as precedence_rank,
    ended.created_at as valid_from,
    ended.valid_to,
    ended._batch_id,
    ended._loaded_at
from ended
left join {{ ref('stg_recurly__coupon_amounts') }} as amounts
    on
        ended.coupon_id = amounts.coupon_id
        and ended.currency = amounts.currency
where
    coalesce(ended.discount_type, '') <> 'free_trial'
    and (ended.percent_off is not null or amounts.amount_off is not null)
    and ended.created_at is not null
    and (ended.valid_to is null or ended.created_at < ended.valid_to)
