-- one row per subscription item, price kind and period start, with what it would be worth and what is odd about it
with periods as (
    select * from {{ ref('unified_subscription_periods') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

plans as (
    select * from {{ ref('unified_plans') }}
),

rates as (
    select * from {{ ref('int_quality__rates') }}
),

replacements as (
    select * from {{ ref('int_subscriptions__replacements') }}
),

subscriptions as (
    select distinct
        source_system,
        account_id,
        subscription_id
    from periods
),

-- The ledger cuts a recurring period where the next one of its item starts.
neighbours as (
    select
        source_system,
        subscription_id,
        item_id,
        price_kind,
        period_start,
        lead(period_start) over (
            partition by source_system, subscription_id, item_id order by period_start
        ) as next_start
    from periods
    where
        price_kind = 'recurring'
        and (period_end is null or period_end > period_start)
),

valued as (
    select
        periods.*,
        {{ monthly_amount(
            'greatest(periods.quantity * periods.unit_amount - periods.discount_amount, 0)',
            'periods.interval_unit', 'periods.interval_count'
        ) }} as own_mrr
    from periods
)

select
    valued.subscription_id,
    valued.item_id,
    valued.price_kind,
    valued.period_start,
    valued.account_id,
    valued.plan_id,
    valued.currency,
    valued.own_mrr,
    case when valued.price_kind = 'recurring' then valued.unit_amount end as unit_price,
    valued.interval_unit,
    valued.interval_count,
    {{ convert_money('valued.own_mrr', 'rates.rate') }} as mrr,
    valued.price_kind = 'recurring'
    and valued.status in ('active', 'past_due')
    and valued.period_start <= {{ as_of() }}
    and (valued.period_end is null or valued.period_end > {{ as_of() }}) as is_running,
    not accounts.is_in_crm as is_of_unknown_account,
    accounts.is_internal,
    coalesce(valued.period_end <= valued.period_start, false) as ends_before_start,
    coalesce(
        neighbours.next_start < valued.period_end
        or (neighbours.next_start is not null and valued.period_end is null),
        false
    ) as is_cut,
    valued.discount_amount > valued.quantity * valued.unit_amount as has_excess_discount,
    valued.quantity * valued.unit_amount = 0 as is_free,
    plans.plan_id is null as is_without_plan,
    coalesce(valued.cancel_requested_at > valued.period_end, false) as is_cancelled_late,
    valued.is_without_end
    and not valued.is_deleted_without_date
    and valued.price_kind <> 'one_off'
    and neighbours.next_start is null
    and coalesce(
        valued.cancel_kind, cast(coalesce(valued.cancel_requested_at, valued.cancel_effective_at) as varchar)
    ) is not null as is_cancelled_without_end,
    valued.is_deleted_without_date,
    valued.period_start > {{ as_of() }} as is_in_future,
    valued.replaces_subscription_id is not null and linked.subscription_id is null as has_idle_link,
    coalesce(
        valued.price_kind in ('recurring', 'usage') and valued.period_start >= replacements.replaced_at, false
    ) as is_replaced_early,
    coalesce({{ local_day('valued.period_start') }} < rates.first_rate_on, false) as starts_before_rates,
    rates.rate is null as is_without_rate
from valued
inner join accounts on valued.account_id = accounts.account_id
left join plans on valued.plan_id = plans.plan_id
left join rates on valued.currency = rates.currency
left join neighbours
    on
        valued.source_system = neighbours.source_system
        and valued.subscription_id = neighbours.subscription_id
        and valued.item_id = neighbours.item_id
        and valued.price_kind = neighbours.price_kind
        and valued.period_start = neighbours.period_start
left join subscriptions as linked
    on
        valued.source_system = linked.source_system
        and valued.account_id = linked.account_id
        and valued.replaces_subscription_id = linked.subscription_id
left join replacements
    on
        valued.source_system = replacements.source_system
        and valued.account_id = replacements.account_id
        and valued.subscription_id = replacements.subscription_id
