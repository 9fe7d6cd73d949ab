-- The MRR of each account at as_of, computed straight from the subscription periods without the ledger.
with latest as (
    select
        periods.*,
        {{ counted_discount() }} as counted_discount,
        {{ recognised_end('period_end') }} as ends_at,
        row_number() over (
            partition by periods.source_system, periods.subscription_id, periods.item_id
            order by periods.period_start desc
        ) as recency
    from {{ ref('unified_subscription_periods') }} as periods
    inner join {{ ref('unified_accounts') }} as accounts on periods.account_id = accounts.account_id
    where
        periods.price_kind in {{ counted_price_kinds() }}
        and periods.period_start <= {{ as_of() }}
        and (periods.period_end is null or periods.period_end > periods.period_start)
        and not accounts.is_internal
),

-- A past-due item is in while its grace lasts; the ledger knows when the failing began.
in_grace as (
    select distinct
        source_system,
        subscription_id,
        item_id
    from {{ ref('int_revenue__item_segments') }}
    where
        status = 'past_due'
        and starts_at <= {{ as_of() }}
        and (ends_at is null or ends_at > {{ as_of() }})
),

running as (
    select
        latest.account_id,
        latest.currency,
        {{ monthly_amount(
            'greatest(latest.quantity * latest.unit_amount - latest.counted_discount, 0)',
            'latest.interval_unit',
            'latest.interval_count'
        ) }} as mrr
    from latest
    left join in_grace
        on
            latest.source_system = in_grace.source_system
            and latest.subscription_id = in_grace.subscription_id
            and latest.item_id = in_grace.item_id
    where
        latest.recency = 1
        and (latest.ends_at is null or latest.ends_at > {{ as_of() }})
        and (
            latest.status in {{ paying_statuses() }}
            or (latest.status = 'past_due' and in_grace.item_id is not null)
        )
),

expected as (
    select
        running.account_id,
        sum({{ convert_money('running.mrr', 'rates.rate') }}) as mrr
    from running
    inner join {{ ref('int_revenue__month_rates') }} as rates
        on
            running.currency = rates.currency
            and rates.month_number = {{ month_number(as_of()) }}
    group by running.account_id
)

select
    accounts.account_id,
    accounts.current_mrr,
    expected.mrr as expected_mrr
from {{ ref('dim_accounts') }} as accounts
full outer join expected on accounts.account_id = expected.account_id
where coalesce(accounts.current_mrr, 0) <> coalesce(expected.mrr, 0)
