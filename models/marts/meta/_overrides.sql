-- one row per override of the seeds overrides_*
with overrides as (
    select
        *,
        override_kind || ':' || coalesce(account_id, subscription_id || coalesce(':' || item_id, '')) as override_id
    from {{ ref('unified_overrides') }}
),

periods as (
    select * from {{ ref('unified_subscription_periods') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

-- If an override of the item changed a row, the override of its subscription did not.
item_overrides as (
    select
        override_kind,
        subscription_id,
        item_id
    from overrides
    where item_id is not null and not is_expired
),

period_counts as (
    select
        overrides.override_id,
        count(*) as found_rows,
        sum(
            case
                when item_overrides.item_id is not null and overrides.item_id is null then 0
                when overrides.override_kind = 'subscription_link' and periods.has_link_override then 1
                when overrides.override_kind = 'cancellation' and periods.has_cancellation_override then 1
                when overrides.override_kind = 'churn_reason' and periods.has_churn_override then 1
                else 0
            end
        ) as rows_changed
    from overrides
    inner join periods
        on
            overrides.subscription_id = periods.subscription_id
            and (overrides.item_id is null or overrides.item_id = periods.item_id)
    left join item_overrides
        on
            overrides.override_kind = item_overrides.override_kind
            and periods.subscription_id = item_overrides.subscription_id
            and periods.item_id = item_overrides.item_id
    group by overrides.override_id
),

replaced as (
    select distinct subscription_id from periods
),

counted as (
    select
        overrides.*,
        accounts.account_id is null and overrides.account_id is not null as lacks_account,
        overrides.subscription_id is not null and (
            period_counts.found_rows is null
            or (overrides.replaces_subscription_id is not null and replaced.subscription_id is null)
        ) as lacks_subscription,
        case
            when overrides.is_expired then 0
            when accounts.has_override then 1
            else coalesce(period_counts.rows_changed, 0)
        end as rows_changed
    from overrides
    left join accounts on overrides.account_id = accounts.account_id
    left join period_counts on overrides.override_id = period_counts.override_id
    left join replaced on overrides.replaces_subscription_id = replaced.subscription_id
)

select
    override_id,
    override_kind,
    account_id,
    subscription_id,
    item_id,
    case override_kind
        when 'subscription_link' then 'replaces_subscription_id = ' || replaces_subscription_id
        when 'cancellation' then 'cancelled_at = ' || cast(cancelled_at as string)
        when 'account' then 'is_internal = ' || cast(is_internal as string)
        else 'churn_kind = ' || churn_kind || coalesce(', churn_reason = ' || churn_reason, '')
    end as sets,
    author,
    reason,
    expires_on,
    case
        when is_expired then 'expired'
        when lacks_account then 'no such account'
        when lacks_subscription then 'no such subscription'
        when rows_changed = 0 then 'no effect'
        else 'applied'
    end as status,
    cast(rows_changed as bigint) as rows_changed
from counted
