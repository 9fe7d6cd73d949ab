-- one row per object, record and reason why it counts nowhere or only in part
{{ config(enabled='recurly' in var('connectors')) }}
with subscriptions as (
    select * from {{ ref('stg_recurly__subscriptions') }}
),

invoices as (
    select * from {{ ref('stg_recurly__invoices') }}
),

found as (
    select
        'subscriptions' as object_name,
        subscriptions.subscription_id as record_key,
        case
            when coalesce(subscriptions.account_id, subscriptions.account_code) is null then 'orphan_subscription'
            when subscriptions.currency is null then 'unknown_currency'
            when subscriptions.state = 'failed' then 'never_paid'
            when subscriptions.state = 'future' then 'not_begun'
            when coalesce(subscriptions.state, '') not in ('active', 'canceled', 'expired', 'paused')
                then 'unknown_status'
            when accounts.account_id is null then 'orphan_subscription'
            when plans.interval_unit is null then 'interval_unknown'
            when subscriptions.unit_amount is null then 'price_unknown'
        end as reason,
        subscriptions._batch_id,
        subscriptions._loaded_at
    from subscriptions
    left join {{ ref('stg_recurly__accounts') }} as accounts on subscriptions.account_id = accounts.account_id
    left join {{ ref('unified_recurly__plan_intervals') }} as plans
        on coalesce(subscriptions.plan_id, subscriptions.plan_code) = plans.plan_key
    union all
    select
        'subscription_add_ons' as object_name,
        subscription_id || ':' || item_id as record_key,
        case
            when price_kind = 'usage' then 'usage_only_from_invoices'
            when unit_amount is null then 'price_unknown'
        end as reason,
        _batch_id,
        _loaded_at
    from {{ ref('unified_recurly__add_on_terms') }}
    union all
    select
        'coupon_redemptions' as object_name,
        redemptions.redemption_id as record_key,
        case
            when redemptions.discount_type = 'free_trial' then 'free_trial'
            when redemptions.discount_type is null and redemptions.percent_off is null then 'coupon_unknown'
            when discounts.discount_id is null then 'discount_of_nothing'
            when not redemptions.applies_to_all_plans then 'discounted_items_unknown'
        end as reason,
        redemptions._batch_id,
        redemptions._loaded_at
    from {{ ref('unified_recurly__redemptions') }} as redemptions
    left join {{ ref('unified_recurly__billing_discounts') }} as discounts
        on redemptions.redemption_id = discounts.discount_id
    union all
    select
        'line_items' as object_name,
        lines.line_id as record_key,
        case
            when invoices.invoice_id is null then 'orphan_line'
            when lines.subscription_id is not null and subscriptions.subscription_id is null then 'orphan_line'
            when lines.origin in ('plan_trial', 'add_on_trial') then 'trial'
        end as reason,
        lines._batch_id,
        lines._loaded_at
    from {{ ref('stg_recurly__line_items') }} as lines
    left join invoices on lines.invoice_id = invoices.invoice_id
    left join subscriptions on lines.subscription_id = subscriptions.subscription_id
    union all
    select
        'invoices' as object_name,
        invoice_id as record_key,
        case
            when account_id is null then 'orphan_invoice'
            when issued_at is null then 'no_date'
            when currency is null then 'unknown_currency'
            when total is null then 'price_unknown'
            when is_deleted then 'deleted'
            when
                coalesce(state, '') not in (
                    'open', 'processing', 'past_due', 'paid', 'closed', 'failed', 'voided', 'pending'
                )
                then 'unknown_status'
        end as reason,
        _batch_id,
        _loaded_at
    from invoices
)

select
    object_name,
    record_key,
    reason,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from found
where reason is not null
group by object_name, record_key, reason
