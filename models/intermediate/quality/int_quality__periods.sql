-- one row per subscription item, price kind and period start, with its value per month and a flag for each oddity
with periods as (
    select
        *,
        {{ monthly_amount(
            'greatest(quantity * unit_amount - discount_amount, 0)', 'interval_unit', 'interval_count'
        ) }} as own_mrr
    from {{ ref('unified_subscription_periods') }}
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

-- The ledger ends a recurring period when the next period of its item starts.
next_periods as (
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
)

select
    periods.source_system,
    periods.subscription_id,
    periods.item_id,
    periods.price_kind,
    periods.period_start,
    periods.account_id,
    periods.plan_id,
    periods.currency,
    periods.history_source,
    periods.own_mrr,
    case when periods.price_kind = 'recurring' then periods.unit_amount end as unit_price,
    periods.interval_unit,
    periods.interval_count,
    {{ convert_money('periods.own_mrr', 'rates.rate') }} as mrr,
    periods.price_kind = 'recurring'
    and periods.status in ('active', 'past_due')
    and periods.period_start <= {{ as_of() }}
    and (periods.period_end is null or periods.period_end > {{ as_of() }}) as is_running,
    not accounts.is_in_crm as is_of_unknown_account,
    accounts.is_internal,
    coalesce(periods.period_end <= periods.period_start, false) as ends_before_start,
    coalesce(
        next_periods.next_start < periods.period_end
        or (next_periods.next_start is not null and periods.period_end is null),
        false
    ) as is_cut,
    periods.discount_amount > periods.quantity * periods.unit_amount as has_excess_discount,
    periods.quantity * periods.unit_amount = 0 as is_free,
    plans.plan_id is null as is_without_plan,
    coalesce(periods.cancel_requested_at > periods.period_end, false) as is_cancelled_late,
    periods.is_without_end
    and not periods.is_deleted_without_date
    and periods.price_kind <> 'one_off'
    and next_periods.next_start is null
    and coalesce(
        periods.cancel_kind, cast(coalesce(periods.cancel_requested_at, periods.cancel_effective_at) as string)
    ) is not null as is_cancelled_without_end,
    periods.is_deleted_without_date,
    periods.period_start > {{ as_of() }} as is_in_future,
    periods.replaces_subscription_id is not null and replaced_subscriptions.subscription_id is null as has_idle_link,
    coalesce(
        periods.price_kind in ('recurring', 'usage') and periods.period_start >= replacements.replaced_at, false
    ) as is_replaced_early,
    coalesce({{ local_day('periods.period_start') }} < rates.first_rate_on, false) as starts_before_rates,
    rates.rate is null as is_without_rate
from periods
inner join accounts on periods.account_id = accounts.account_id
left join plans on periods.plan_id = plans.plan_id
left join rates on periods.currency = rates.currency
left join next_periods
    on
        periods.source_system = next_periods.source_system
        and periods.subscription_id = next_periods.subscription_id
        and periods.item_id = next_periods.item_id
        and periods.price_kind = next_periods.price_kind
        and periods.period_start = next_periods.period_start
left join subscriptions as replaced_subscriptions
    on
        periods.source_system = replaced_subscriptions.source_system
        and periods.account_id = replaced_subscriptions.account_id
        and periods.replaces_subscription_id = replaced_subscriptions.subscription_id
left join replacements
    on
        periods.source_system = replacements.source_system
        and periods.account_id = replacements.account_id
        and periods.subscription_id = replacements.subscription_id
