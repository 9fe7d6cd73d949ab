-- one row per subscription and change of its state, as versions of the subscription show it
{{ config(enabled='stripe' in var('connectors')) }}
with subscriptions as (
    select * from {{ ref('unified_stripe__subscriptions') }}
),

item_periods as (
    select
        subscription_id,
        observed_at,
        max(current_period_start) as current_period_start
    from {{ ref('unified_stripe__item_versions') }}
    group by subscription_id, observed_at
),

versions as (
    select
        versions.subscription_id,
        versions.history_source,
        versions.observed_at,
        versions.changed_at,
        versions.updated_at,
        versions.next_observed_at,
        case when versions.is_collection_paused then versions.resumes_at end as resumes_at,
        coalesce(
            versions.current_period_start,
            item_periods.current_period_start,
            case when versions.is_latest then subscriptions.current_period_start end
        ) as current_period_start,
        case
            when versions.is_collection_paused then 'paused'
            when versions.status in ('past_due', 'unpaid', 'paused', 'incomplete') then versions.status
            when versions.status in ('active', 'trialing') then 'active'
            -- A subscription that was never seen alive, and ended without a payment, was past due before.
            when versions.status = 'canceled' and versions.previous_observed_at is null
                then case when subscriptions.cancel_kind = 'involuntary' then 'past_due' else 'active' end
        end as status,
        versions._batch_id,
        versions._loaded_at
    from {{ ref('unified_stripe__subscription_versions') }} as versions
    inner join subscriptions on versions.subscription_id = subscriptions.subscription_id
    left join item_periods
        on
            versions.subscription_id = item_periods.subscription_id
            and versions.observed_at = item_periods.observed_at
),

observed as (
    select * from versions
    where status is not null
    union all
    -- Collection resumes by itself, unless a later version says otherwise.
    select
        subscription_id,
        history_source,
        resumes_at as observed_at,
        resumes_at as changed_at,
        updated_at,
        next_observed_at,
        resumes_at,
        current_period_start,
        'active' as status,
        _batch_id,
        _loaded_at
    from versions
    where resumes_at > observed_at and coalesce(resumes_at < next_observed_at, true)
),

neighbours as (
    select
        *,
        lag(status) over in_time as previous_status,
        {{ known_since(
            'lag(observed_at) over in_time', 'lag(current_period_start) over in_time', 'current_period_start'
        ) }} as known_since
    from observed
    window in_time as (partition by subscription_id order by observed_at)
)

-- A delivery shows a change only afterwards. Where the change lies between two deliveries, the time of the last change
-- or the start of the billing period dates it.
select
    subscription_id,
    history_source,
    status,
    previous_status is null as is_first,
    case
        when previous_status is null and (status = 'active' or history_source = 'deliveries')
            then {{ earliest('current_period_start', 'coalesce(changed_at, observed_at)') }}
        when changed_at is not null then changed_at
        when updated_at > known_since and updated_at <= observed_at then updated_at
        when
            status <> 'paused'
            and current_period_start > known_since
            and current_period_start <= observed_at
            then current_period_start
        else observed_at
    end as changed_at,
    _batch_id,
    _loaded_at
from neighbours
where previous_status is null or previous_status <> status
