-- one row per version of a subscription
{{ config(enabled='chargebee' in var('connectors')) }}
with delivered as (
    select
        *,
        coalesce(updated_at, _version_from, _extracted_at, _loaded_at) as version_at
    from {{ source('chargebee', 'subscriptions') }}
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
    customer_id,
    upper(currency_code) as currency,
    lower(status) as status,
    created_at,
    started_at,
    activated_at,
    trial_start,
    trial_end,
    current_term_start,
    current_term_end,
    cancelled_at,
    cancel_schedule_created_at,
    lower(cancel_reason) as cancel_reason,
    cancel_reason_code,
    pause_date,
    resume_date,
    billing_period,
    lower(billing_period_unit) as billing_period_unit,
    plan_id,
    plan_quantity,
    plan_quantity_in_decimal,
    plan_unit_price,
    plan_unit_price_in_decimal,
    plan_amount,
    plan_amount_in_decimal,
    plan_free_quantity,
    plan_free_quantity_in_decimal,
    version_at,
    coalesce(_is_deleted, false) as is_deleted,
    case when _version_from is not null or is_one_of_several then 'loader_history' else 'deliveries' end
        as history_source,
    _batch_id,
    _loaded_at
from versions
