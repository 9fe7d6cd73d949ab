-- one row per subscription and time at which its state was observed
{{ config(enabled='stripe' in var('connectors')) }}
{%- set columns = [
    'subscription_id', 'customer_id', 'status', 'currency', 'created_at', 'start_date', 'trial_start', 'trial_end',
    'current_period_start', 'current_period_end', 'is_canceled_at_period_end', 'cancel_at', 'canceled_at', 'ended_at',
    'cancellation_reason', 'cancellation_feedback', 'is_collection_paused', 'resumes_at', 'has_more_items',
    'discount_id', 'coupon_id', 'coupon_duration', 'coupon_months', 'percent_off', 'amount_off', 'coupon_currency',
    'coupon_products', 'discount_start', 'discount_end', '_batch_id', '_loaded_at',
] %}
with customers as (
    select * from {{ ref('stg_stripe__customers') }}
    where is_test
),

versions as (
    select
        {{ columns | join(',\n        ') }},
        case when changed_at is null then 'deliveries' else 'loader_history' end as history_source,
        observed_at,
        changed_at,
        updated_at,
        is_deleted,
        is_test
    from {{ ref('stg_stripe__subscription_versions') }}
    union all
    select
        {{ columns | join(',\n        ') }},
        'events' as history_source,
        event_created_at as observed_at,
        event_created_at as changed_at,
        cast(null as timestamp) as updated_at,
        false as is_deleted,
        is_test
    from {{ ref('stg_stripe__subscription_events') }}
),

-- At the same instant, an event knows more than a delivery.
ranked as (
    select
        versions.*,
        row_number() over (
            partition by versions.subscription_id, versions.observed_at
            order by
                {{ evidence_rank('versions.history_source') }},
                case versions.status when 'canceled' then 0 else 1 end,
                versions._loaded_at desc
        ) as version_order,
        max(case when versions.is_test or customers.customer_id is not null then 1 else 0 end)
            over (partition by versions.subscription_id) = 1 as is_of_test
    from versions
    left join customers on versions.customer_id = customers.customer_id
)

select
    {{ columns[:-2] | join(',\n    ') }},
    history_source,
    observed_at,
    changed_at,
    updated_at,
    is_deleted,
    lag(observed_at) over in_time as previous_observed_at,
    lead(observed_at) over in_time as next_observed_at,
    row_number() over in_time = count(*) over (partition by subscription_id) as is_latest,
    _batch_id,
    _loaded_at
from ranked
where version_order = 1 and not is_of_test
window in_time as (partition by subscription_id order by observed_at)
