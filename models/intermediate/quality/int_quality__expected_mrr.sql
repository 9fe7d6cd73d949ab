-- one row per account, with its MRR at as_of computed from the subscription periods instead of the ledger
-- Policies on refunds, first payments and rates at the start of service need the whole history. They make the MRR null.
{%- set is_plain = (
    policy('refund_policy') == 'ignore'
    and not policy('require_first_payment')
    and policy('fx_policy') != 'service_start_rate'
) %}
with periods as (
    select periods.*
    from {{ ref('unified_subscription_periods') }} as periods
    inner join {{ ref('unified_accounts') }} as accounts on periods.account_id = accounts.account_id
    where
        periods.price_kind in {{ counted_price_kinds() }}
        and (periods.period_end is null or periods.period_end > periods.period_start)
        and not accounts.is_internal
),

-- A past-due item counts during its grace period, and a replaced item until its successor starts. The intervals have
-- both dates.
interval_items as (
    select distinct
        source_system,
        subscription_id,
        item_id,
        lane,
        is_replaced
    from {{ ref('int_subscriptions__mrr_intervals') }}
    where
        is_counted
        and (status = 'past_due' or is_replaced)
        and starts_at <= {{ as_of() }}
        and (ends_at is null or ends_at > {{ as_of() }})
),

replaced_subscriptions as (
    select
        source_system,
        account_id,
        replaces_subscription_id as subscription_id
    from periods
    where replaces_subscription_id <> subscription_id
    group by source_system, account_id, replaces_subscription_id
    having min(period_start) <= {{ as_of() }}
),

latest as (
    select
        periods.*,
        {{ counted_discount('periods.discount_kind', 'periods.discount_amount') }} as counted_discount,
        {{ recognised_end(
            'periods.period_end', 'false', 'periods.cancel_requested_at', 'periods.cancel_effective_at'
        ) }} as ends_at,
        row_number() over (
            partition by periods.source_system, periods.subscription_id, periods.item_id, usage_lanes.lane
            order by periods.period_start desc
        ) as recency,
        coalesce(usage_lanes.lane, 0) as lane
    from periods
    left join replaced_subscriptions
        on
            periods.source_system = replaced_subscriptions.source_system
            and periods.account_id = replaced_subscriptions.account_id
            and periods.subscription_id = replaced_subscriptions.subscription_id
    left join {{ ref('int_subscriptions__usage_lanes') }} as usage_lanes
        on
            periods.source_system = usage_lanes.source_system
            and periods.subscription_id = usage_lanes.subscription_id
            and periods.item_id = usage_lanes.item_id
            and periods.period_start = usage_lanes.period_start
            and periods.price_kind = 'usage'
    where
        periods.period_start <= {{ as_of() }}
        and replaced_subscriptions.subscription_id is null
),

running_items as (
    select
        latest.account_id,
        latest.currency,
        {{ monthly_amount(
            'greatest(latest.quantity * latest.unit_amount - case'
            ~ " when latest.discount_kind = 'once' and "
            ~ add_intervals('latest.period_start', 'latest.interval_unit', 'latest.interval_count')
            ~ ' <= ' ~ as_of() ~ ' then 0 else latest.counted_discount end, 0)',
            'latest.interval_unit',
            'latest.interval_count'
        ) }} as mrr
    from latest
    left join interval_items
        on
            latest.source_system = interval_items.source_system
            and latest.subscription_id = interval_items.subscription_id
            and latest.item_id = interval_items.item_id
            and latest.lane = interval_items.lane
    where
        -- A fee replaces the fee before it. Usage charges add up, so every running charge counts in any lane.
        (latest.recency = 1 or (latest.price_kind = 'usage' and coalesce(latest.ends_at > {{ as_of() }}, true)))
        and (
            coalesce(interval_items.is_replaced, false)
            or latest.ends_at is null
            or latest.ends_at > {{ as_of() }}
        )
        and (
            latest.status = 'active'
            {%- if policy('pause_policy') == 'keep' %}
            or latest.status = 'paused'
            {%- endif %}
            {%- if policy('trial_policy') == 'include' %}
            or latest.status = 'trialing'
            {%- endif %}
            or (latest.status = 'past_due' and interval_items.item_id is not null)
        )
),

account_totals as (
    select
        running_items.account_id,
        sum({{ convert_money('running_items.mrr', 'rates.rate') }}) as mrr
    from running_items
    inner join {{ ref('int_mrr__exchange_rates') }} as rates
        on
            running_items.currency = rates.currency
            and rates.valued_on = {{ valuation_day(as_of_month(), none) if is_plain else as_of_day() }}
    group by running_items.account_id
)

select
    accounts.account_id,
    {% if is_plain -%}
    cast(coalesce(account_totals.mrr, 0) as decimal(18, 4)) as expected_mrr
    {%- else -%}
    cast(null as decimal(18, 4)) as expected_mrr
    {%- endif %}
from {{ ref('unified_accounts') }} as accounts
left join account_totals on accounts.account_id = account_totals.account_id
where not accounts.is_internal
