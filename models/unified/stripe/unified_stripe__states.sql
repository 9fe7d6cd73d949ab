-- one row per subscription, kind of evidence and stretch of time in one state, before trials
{{ config(enabled='stripe' in var('connectors')) }}
with subscriptions as (
    select * from {{ ref('unified_stripe__subscriptions') }}
),

never_paid as (
    select subscription_id
    from {{ ref('unified_stripe__subscription_versions') }}
    where is_latest and status in ('incomplete', 'incomplete_expired')
),

observed as (
    select
        *,
        lead(changed_at) over (partition by subscription_id order by changed_at) as next_changed_at
    from {{ ref('unified_stripe__observed_states') }}
),

-- Lines of service that touch or overlap show that the subscription was served without a gap.
lines as (
    select
        lines.*,
        max(lines.ends_at) over (
            partition by lines.subscription_id
            order by lines.starts_at
            rows between unbounded preceding and 1 preceding
        ) as served_until
    from {{ ref('unified_stripe__invoice_lines') }} as lines
    left join never_paid on lines.subscription_id = never_paid.subscription_id
    where
        lines.line_kind in ('full', 'debit')
        and lines.subscription_id is not null
        and lines.ends_at > lines.starts_at
        and not lines.is_usage
        and never_paid.subscription_id is null
),

runs as (
    select
        *,
        sum(case when starts_at <= served_until then 0 else 1 end) over (
            partition by subscription_id
            order by starts_at
            rows between unbounded preceding and current row
        ) as run_number
    from lines
),

evidence as (
    select
        subscription_id,
        cast(null as string) as customer_id,
        status,
        changed_at as valid_from,
        next_changed_at as valid_to,
        history_source,
        _batch_id,
        _loaded_at
    from observed
    union all
    -- Before the first version, nothing is known but the start.
    select
        observed.subscription_id,
        cast(null as string) as customer_id,
        'active' as status,
        subscriptions.starts_at as valid_from,
        observed.changed_at as valid_to,
        'snapshot' as history_source,
        observed._batch_id,
        observed._loaded_at
    from observed
    inner join subscriptions on observed.subscription_id = subscriptions.subscription_id
    where observed.is_first
    union all
    select
        subscription_id,
        min(customer_id) as customer_id,
        'active' as status,
        min(starts_at) as valid_from,
        max(ends_at) as valid_to,
        'invoice_lines' as history_source,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from runs
    group by subscription_id, run_number
),

bounded as (
    select
        evidence.subscription_id,
        coalesce(subscriptions.customer_id, evidence.customer_id) as customer_id,
        evidence.status,
        greatest(evidence.valid_from, coalesce(subscriptions.starts_at, evidence.valid_from)) as valid_from,
        {{ earliest('evidence.valid_to', 'subscriptions.ends_at') }} as valid_to,
        subscriptions.trial_start,
        subscriptions.trial_end,
        subscriptions.cancel_requested_at,
        subscriptions.cancel_effective_at,
        subscriptions.cancel_kind,
        subscriptions.cancel_reason,
        evidence.history_source,
        evidence._batch_id,
        evidence._loaded_at
    from evidence
    left join subscriptions on evidence.subscription_id = subscriptions.subscription_id
)

select * from bounded
where coalesce(valid_to > valid_from, true) and customer_id is not null
