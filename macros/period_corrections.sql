{#- The CTEs that lead to `corrections`: what the CTE `overrides` says of the subscription periods of the CTE `unified`,
    one row per period that any of them speaks of, null where it stays as delivered. See docs/overrides.md.
    Overrides are few; only the periods that have one are looked at closely. -#}
{% macro period_corrections() -%}
{%- set key = ['source_system', 'subscription_id', 'item_id', 'price_kind', 'period_start'] -%}
-- An override of an item wins over one of its whole subscription. A link holds within one account.
overridden as (
    select
        {%- for column in key %}
        unified.{{ column }},
        {%- endfor %}
        max(case when replaced.account_id = unified.account_id then replaced.subscription_id end) as said_replaces
        {%- for value in ['cancelled_at', 'churn_kind', 'churn_reason'] %},
        coalesce(
            max(case when overrides.item_id is not null then overrides.{{ value }} end), max(overrides.{{ value }})
        ) as said_{{ value }}
        {%- endfor %}
    from unified
    inner join overrides
        on
            unified.subscription_id = overrides.subscription_id
            and (overrides.item_id is null or unified.item_id = overrides.item_id)
    left join unified as replaced on overrides.replaces_subscription_id = replaced.subscription_id
    group by {% for column in key %}unified.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
),

-- One-off charges have no service that could end, and neither has a period that ends where it starts.
served as (
    select
        unified.*,
        overridden.said_replaces,
        overridden.said_churn_kind,
        overridden.said_churn_reason,
        case when unified.price_kind <> 'one_off' then overridden.said_cancelled_at end as said_end,
        {{ earliest(earliest('unified.period_end', 'overridden.said_cancelled_at'), "cast('9999-12-31' as timestamp)") }}
            as latest_end,
        coalesce(unified.period_end > unified.period_start, true)
        and coalesce(unified.period_start < overridden.said_cancelled_at, true) as has_service
    from unified
    inner join overridden
        on {% for column in key %}unified.{{ column }} = overridden.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
),

-- The ending of an item begins with its last active period: what follows, say unpaid or paused, is part of it. Metered
-- charges run beside each other: all that run then are the last, and those that end last are part of the ending.
placed as (
    select
        *,
        coalesce(period_start = max(case when has_service then period_start end) over same_item, false)
        or (price_kind = 'usage' and has_service and coalesce(period_end > said_end, said_end is not null)) as is_last,
        coalesce(
            period_start >= max(case when has_service and status = 'active' then period_start end) over same_item, true
        )
        or (price_kind = 'usage' and latest_end = max(latest_end) over same_item) as is_ending,
        {%- for column in ['cancel_requested_at', 'cancel_kind', 'cancel_reason'] %}
        max_by(
            case when period_start >= said_end then {{ column }} end, period_start
        ) over same_item as later_{{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from served
    window same_item as (partition by source_system, subscription_id, item_id, price_kind)
),

-- The last period ends at the corrected instant, those after it never begin, and what ended them ended it.
corrections as (
    select
        {{ key | join(', ') }},
        nullif(said_replaces, replaces_subscription_id) as replaces_subscription_id,
        nullif(
            case
                when is_last then said_end
                when period_start >= said_end then {{ earliest('period_end', 'period_start') }}
            end,
            period_end
        ) as period_end,
        case when is_last then nullif(said_end, coalesce(cancel_effective_at, period_end)) end as cancel_effective_at,
        -- Nobody asks for an end after it; whether anybody asked at all stays as delivered.
        case
            when is_last and coalesce(cancel_requested_at, later_cancel_requested_at) > said_end then said_end
            when is_last then later_cancel_requested_at
        end as cancel_requested_at,
        coalesce(
            case when is_ending then said_churn_kind end, cancel_kind, case when is_last then later_cancel_kind end
        ) as cancel_kind,
        coalesce(
            case when is_ending then said_churn_reason end, cancel_reason, case when is_last then later_cancel_reason end
        ) as cancel_reason,
        is_ending and said_churn_kind is not null as has_churn_override
    from placed
)
{%- endmacro %}
