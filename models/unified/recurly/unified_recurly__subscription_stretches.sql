-- one row per subscription, origin, evidence and stretch at which one version holds
{{ config(enabled='recurly' in var('connectors')) }}
{%- set carried = [
    'customer_key', 'currency', 'plan_id', 'quantity', 'unit_amount', 'interval_unit', 'interval_count',
] %}
with stretches as (
    {{ subscription_stretches(ref('unified_recurly__subscription_versions'), carried=carried) }}
),

-- The export says what came before the history of the loading tool.
histories as (
    select
        subscription_id,
        min(valid_from) as history_from
    from stretches
    where origin = 'subscriptions' and history_source = 'loader_history'
    group by subscription_id
),

clipped as (
    select
        stretches.subscription_id,
        stretches.origin,
        stretches.version_at,
        stretches.history_source,
        stretches.status,
        stretches.trial_end,
        stretches.paused_from,
        stretches.valid_from,
        case
            when stretches.origin = 'export' then {{ earliest('stretches.valid_to', 'histories.history_from') }}
            else stretches.valid_to
        end as valid_to,
        stretches.is_latest,
        {%- for fact in ['cancel_requested_at', 'cancel_kind', 'cancel_reason'] %}
        case
            when stretches.origin <> 'export' or coalesce(stretches.valid_to <= histories.history_from, true)
                then stretches.{{ fact }}
        end as {{ fact }},
        {%- endfor %}
        {%- for column in carried %}
        stretches.{{ column }},
        {%- endfor %}
        stretches._batch_id,
        stretches._loaded_at
    from stretches
    left join histories on stretches.subscription_id = histories.subscription_id
)

select * from clipped
where valid_to is null or valid_from < valid_to
