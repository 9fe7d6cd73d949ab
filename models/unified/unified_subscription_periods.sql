-- one row per subscription item, price kind and period start; overrides of analysts are applied
{%- set key = 'source_system, subscription_id, item_id, price_kind, period_start' %}
{%- set item = 'source_system, subscription_id, item_id, price_kind' %}
with delivered as (
    select * from {{ ref('unified_delivered_periods') }}
),

overrides as (
    select * from {{ ref('unified_overrides') }}
    where
        subscription_id is not null
        and not is_expired
        -- An override names no system, so it does not apply to an id that two systems use.
        and subscription_id not in (
            select delivered.subscription_id from delivered
            group by delivered.subscription_id
            having min(delivered.source_system) < max(delivered.source_system)
        )
),

-- Periods with an override. That of an item takes precedence over that of its subscription. A link needs one account.
overridden as (
    select
        delivered.source_system,
        delivered.subscription_id,
        delivered.item_id,
        delivered.price_kind,
        delivered.period_start,
        max(case when replaced.account_id = delivered.account_id then replaced.subscription_id end) as override_link
        {%- for value in ['cancelled_at', 'churn_kind', 'churn_reason'] %},
        coalesce(
            max(case when overrides.item_id is not null then overrides.{{ value }} end), max(overrides.{{ value }})
        ) as override_{{ value }}
        {%- endfor %}
    from delivered
    inner join overrides
        on
            delivered.subscription_id = overrides.subscription_id
            and (overrides.item_id is null or delivered.item_id = overrides.item_id)
    left join delivered as replaced
        on
            delivered.source_system = replaced.source_system
            and overrides.replaces_subscription_id = replaced.subscription_id
    group by
        delivered.source_system, delivered.subscription_id, delivered.item_id, delivered.price_kind,
        delivered.period_start
),

-- A one-off charge has no service that can end. Neither has a period that ends at its own start.
services as (
    select
        delivered.*,
        overridden.override_link,
        overridden.override_churn_kind,
        overridden.override_churn_reason,
        case when delivered.price_kind <> 'one_off' then overridden.override_cancelled_at end as override_end,
        {{ earliest(
            earliest('delivered.period_end', 'overridden.override_cancelled_at'), "cast('9999-12-31' as timestamp)"
        ) }} as latest_end,
        coalesce(delivered.period_end > delivered.period_start, true)
        and coalesce(delivered.period_start < overridden.override_cancelled_at, true) as has_service
    from delivered
    inner join overridden on {{ equal_keys('delivered', 'overridden', key.split(', ')) }}
),

-- The ending of an item begins with its last active period and includes later unpaid or paused ones. Usage charges run
-- in parallel. All charges that run at the end are the last, and those that end last are part of the ending.
endings as (
    select
        *,
        coalesce(period_start = max(case when has_service then period_start end) over same_item, false)
        or (price_kind = 'usage' and has_service and coalesce(period_end > override_end, override_end is not null))
            as is_last,
        coalesce(
            period_start >= max(case when has_service and status = 'active' then period_start end) over same_item, true
        )
        or (price_kind = 'usage' and latest_end = max(latest_end) over same_item) as is_ending,
        {%- for column in ['cancel_requested_at', 'cancel_kind', 'cancel_reason'] %}
        {{ last_by('case when period_start >= override_end then ' ~ column ~ ' end', 'period_start') }}
            over same_item as later_{{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from services
    window same_item as (partition by {{ item }})
),

-- The last period ends at the corrected instant. Later periods never begin, so it takes over their cause of ending.
corrections as (
    select
        {{ key }},
        nullif(override_link, replaces_subscription_id) as replaces_subscription_id,
        nullif(
            case
                when is_last then override_end
                when period_start >= override_end then {{ earliest('period_end', 'period_start') }}
            end,
            period_end
        ) as period_end,
        case when is_last then nullif(override_end, coalesce(cancel_effective_at, period_end)) end
            as cancel_effective_at,
        -- A request to cancel cannot be later than the end. If none was delivered, there is still none.
        case
            when is_last and coalesce(cancel_requested_at, later_cancel_requested_at) > override_end then override_end
            when is_last then later_cancel_requested_at
        end as cancel_requested_at,
        coalesce(
            case when is_ending then override_churn_kind end, cancel_kind, case when is_last then later_cancel_kind end
        ) as cancel_kind,
        coalesce(
            case when is_ending then override_churn_reason end,
            cancel_reason,
            case when is_last then later_cancel_reason end
        ) as cancel_reason,
        is_ending and override_churn_kind is not null as has_churn_override
    from endings
)

select
    delivered.source_system,
    delivered.subscription_id,
    delivered.item_id,
    delivered.account_id,
    delivered.plan_id,
    delivered.currency,
    delivered.quantity,
    delivered.unit_amount,
    delivered.interval_unit,
    delivered.interval_count,
    delivered.discount_amount,
    delivered.discount_kind,
    delivered.price_kind,
    delivered.status,
    delivered.period_start,
    coalesce(corrections.period_end, delivered.period_end) as period_end,
    coalesce(corrections.cancel_requested_at, delivered.cancel_requested_at) as cancel_requested_at,
    coalesce(corrections.cancel_effective_at, delivered.cancel_effective_at) as cancel_effective_at,
    coalesce(corrections.cancel_kind, delivered.cancel_kind) as cancel_kind,
    coalesce(corrections.cancel_reason, delivered.cancel_reason) as cancel_reason,
    coalesce(corrections.replaces_subscription_id, delivered.replaces_subscription_id) as replaces_subscription_id,
    coalesce(corrections.period_end, corrections.cancel_effective_at) is not null as has_cancellation_override,
    coalesce(corrections.has_churn_override, false) as has_churn_override,
    corrections.replaces_subscription_id is not null as has_link_override,
    delivered.is_without_end,
    delivered.is_deleted_without_date,
    delivered.history_source,
    delivered._batch_id,
    delivered._loaded_at
from delivered
left join corrections on {{ equal_keys('delivered', 'corrections', key.split(', ')) }}
