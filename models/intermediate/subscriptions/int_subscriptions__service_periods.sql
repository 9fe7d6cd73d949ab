-- one row per subscription item, lane and period start; the periods of a lane never overlap
{{ config(materialized=inlined()) }}
{%- set item = 'source_system, subscription_id, item_id, lane' %}
{%- set no_end = "cast('9999-12-31' as timestamp)" %}
with periods as (
    select * from {{ ref('unified_subscription_periods') }}
    -- Periods in a currency without an exchange rate are left out. _data_quality reports their amount.
    where {{ has_exchange_rate('currency') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

usage_lanes as (
    select * from {{ ref('int_subscriptions__usage_lanes') }}
),

replacements as (
    select * from {{ ref('int_subscriptions__replacements') }}
),

-- Lane 0 is the fee of an item, and the other lanes are its usage charges. A period that was withdrawn before it began
-- does not end the period before it.
eligible_periods as (
    select
        periods.*,
        coalesce(usage_lanes.lane, 0) as lane,
        periods.price_kind in {{ counted_price_kinds() }} as is_counted
    from periods
    inner join accounts on periods.account_id = accounts.account_id
    left join usage_lanes
        on
            periods.source_system = usage_lanes.source_system
            and periods.subscription_id = usage_lanes.subscription_id
            and periods.item_id = usage_lanes.item_id
            and periods.period_start = usage_lanes.period_start
            and periods.price_kind = 'usage'
    where
        {{ is_service('periods.price_kind', 'periods.period_start', 'periods.period_end') }}
        and not accounts.is_internal
),

last_periods as (
    select
        source_system,
        account_id,
        subscription_id,
        item_id,
        lane,
        {{ last_by('coalesce(period_end, ' ~ no_end ~ ')', 'period_start') }} as last_end
    from eligible_periods
    group by source_system, account_id, subscription_id, item_id, lane
),

-- A replaced subscription ends when its replacement starts. This fills a gap between the two or removes an overlap.
replaced_subscriptions as (
    select
        replacements.source_system,
        replacements.account_id,
        replacements.subscription_id,
        replacements.replaced_at,
        max(last_periods.last_end) as last_end
    from replacements
    inner join last_periods
        on
            replacements.source_system = last_periods.source_system
            and replacements.account_id = last_periods.account_id
            and replacements.subscription_id = last_periods.subscription_id
    group by
        replacements.source_system,
        replacements.account_id,
        replacements.subscription_id,
        replacements.replaced_at
),

-- A later period overrides an earlier one from its start, even if it never takes effect because its subscription was
-- replaced first.
sequenced_periods as (
    select
        *,
        lead(period_start) over (partition by {{ item }} order by period_start) as next_start
    from eligible_periods
),

agreed_periods as (
    select
        periods.*,
        replaced.replaced_at,
        case
            when replaced.replaced_at is null then periods.period_end
            -- An item that was dropped before the subscription ended stays dropped.
            when coalesce(periods.period_end, {{ no_end }}) = replaced.last_end then replaced.replaced_at
            else {{ earliest('periods.period_end', 'replaced.replaced_at') }}
        end as agreed_end
    from sequenced_periods as periods
    left join replaced_subscriptions as replaced
        on
            periods.source_system = replaced.source_system
            and periods.account_id = replaced.account_id
            and periods.subscription_id = replaced.subscription_id
    where
        replaced.replaced_at is null
        or periods.period_start < replaced.replaced_at
),

neighbours as (
    select
        *,
        {{ earliest('agreed_end', 'next_start') }} as service_end,
        coalesce(agreed_end = replaced_at and (next_start is null or next_start >= agreed_end), false) as is_replaced,
        case when lead(period_start) over item_in_time = next_start then lead(status) over item_in_time end
            as next_status,
        lag(status) over item_in_time as previous_status,
        lag(agreed_end) over item_in_time as previous_end
    from agreed_periods
    window item_in_time as (partition by {{ item }} order by period_start)
),

-- Consecutive past-due periods are one failure to pay. Its grace period starts with the first of them.
past_due_periods as (
    select
        *,
        max(
            case
                when coalesce(previous_status, '') <> 'past_due' or previous_end < period_start
                    then period_start
            end
        ) over (
            partition by {{ item }}
            order by period_start
            rows between unbounded preceding and current row
        ) as past_due_since
    from neighbours
    where status = 'past_due'
)

select
    *,
    cast(null as timestamp) as past_due_since
from neighbours
where status <> 'past_due'
union all
select * from past_due_periods
