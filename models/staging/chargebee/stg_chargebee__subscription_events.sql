-- one row per subscription and instant with an event
{{ config(enabled='chargebee' in var('connectors')) }}
with events as (
    select
        *,
        row_number() over (
            partition by content_subscription_id, occurred_at
            order by _loaded_at desc, id desc
        ) as event_rank
    from {{ source('chargebee', 'events') }}
    where content_subscription_id is not null and occurred_at is not null
)

select
    id as event_id,
    content_subscription_id as subscription_id,
    content_subscription_customer_id as customer_id,
    upper(content_subscription_currency_code) as currency,
    lower(content_subscription_status) as status,
    content_subscription_created_at as created_at,
    content_subscription_started_at as started_at,
    content_subscription_activated_at as activated_at,
    content_subscription_trial_start as trial_start,
    content_subscription_trial_end as trial_end,
    content_subscription_current_term_start as current_term_start,
    content_subscription_current_term_end as current_term_end,
    content_subscription_cancelled_at as cancelled_at,
    content_subscription_cancel_schedule_created_at as cancel_schedule_created_at,
    lower(content_subscription_cancel_reason) as cancel_reason,
    content_subscription_cancel_reason_code as cancel_reason_code,
    content_subscription_pause_date as pause_date,
    content_subscription_resume_date as resume_date,
    content_subscription_billing_period as billing_period,
    lower(content_subscription_billing_period_unit) as billing_period_unit,
    content_subscription_plan_id as plan_id,
    content_subscription_plan_quantity as plan_quantity,
    content_subscription_plan_quantity_in_decimal as plan_quantity_in_decimal,
    content_subscription_plan_unit_price as plan_unit_price,
    content_subscription_plan_unit_price_in_decimal as plan_unit_price_in_decimal,
    content_subscription_plan_amount as plan_amount,
    content_subscription_plan_amount_in_decimal as plan_amount_in_decimal,
    content_subscription_plan_free_quantity as plan_free_quantity,
    content_subscription_plan_free_quantity_in_decimal as plan_free_quantity_in_decimal,
    occurred_at as version_at,
    event_type = 'subscription_deleted' as is_deleted,
    'events' as history_source,
    _batch_id,
    _loaded_at
from events
where event_rank = 1
