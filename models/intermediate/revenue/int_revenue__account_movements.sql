-- one row per account movement: everything that changes the account's MRR at one instant
with item_ledger as (
    select * from {{ ref('int_revenue__item_ledger') }}
),

movement_groups as (
    select
        account_id,
        booked_at,
        sum(change_count) as change_count
    from {{ ref('int_revenue__movement_groups') }}
    group by account_id, booked_at
),

totals as (
    select
        account_id,
        occurred_at,
        month_number,
        is_fx_impact,
        sum(mrr_change) as mrr_change,
        sum(volume_mrr) as volume_mrr,
        sum(price_mrr) as price_mrr,
        sum(discount_mrr) as discount_mrr,
        count(*) as item_count
    from item_ledger
    group by account_id, occurred_at, month_number, is_fx_impact
    having sum(mrr_change) <> 0
),

-- The revaluation of a balance comes first in its month: the movements of the month are valued at the new rate.
running as (
    select
        *,
        row_number() over account_in_time as movement_number,
        lag(occurred_at) over account_in_time as previous_occurred_at,
        sum(mrr_change) over account_in_time as mrr_after
    from totals
    window account_in_time as (
        partition by account_id
        order by occurred_at asc, is_fx_impact desc
        rows between unbounded preceding and current row
    )
),

-- The cause of a loss is that of the largest item that ended.
causes as (
    select
        account_id,
        occurred_at,
        end_kind,
        end_reason
    from (
        select
            account_id,
            occurred_at,
            end_kind,
            end_reason,
            row_number() over (
                partition by account_id, occurred_at
                order by mrr_change, subscription_id, item_id
            ) as loss_rank
        from item_ledger
        where end_kind is not null
    ) as ranked
    where loss_rank = 1
),

classified as (
    select
        running.*,
        cast(running.mrr_after - running.mrr_change as decimal(18, 4)) as mrr_before,
        case
            when running.is_fx_impact then 'fx_impact'
            when running.movement_number = 1 then 'new'
            {%- if policy('reactivation_window') != 'unlimited' %}
            -- The movement before a return is the one by which the account left.
            when
                running.mrr_after = running.mrr_change
                and running.occurred_at > {{ dbt.dateadd('day', policy('reactivation_window'), 'running.previous_occurred_at') }}
                then 'new'
            {%- endif %}
            when running.mrr_after = running.mrr_change then 'reactivation'
            when running.mrr_after = 0 then 'churn'
            when running.mrr_change > 0 then 'expansion'
            else 'contraction'
        end as movement_type
    from running
),

explained as (
    select
        classified.*,
        case when classified.movement_type = 'churn' then causes.end_kind end as churn_kind,
        case when classified.movement_type = 'churn' then causes.end_reason end as churn_reason,
        movement_groups.change_count
    from classified
    left join causes
        on
            classified.account_id = causes.account_id
            and classified.occurred_at = causes.occurred_at
    left join movement_groups
        on
            classified.account_id = movement_groups.account_id
            and classified.occurred_at = movement_groups.booked_at
            and not classified.is_fx_impact
)

select
    account_id,
    cast(movement_number as integer) as movement_number,
    occurred_at,
    month_number,
    movement_type,
    case
        when movement_type = 'churn' and churn_kind = 'pause' then 'pause'
        when
            movement_type = 'reactivation'
            and {{ last_known('churn_kind', 'account_id', 'movement_number') }} = 'pause'
            then 'resume'
        when movement_type in ('expansion', 'contraction') then
            case
                when mrr_change = discount_mrr and discount_mrr > 0 then 'discount_end'
                when mrr_change = discount_mrr then 'discount'
                when mrr_change = price_mrr then 'price'
                when mrr_change = volume_mrr then 'volume'
                else 'mixed'
            end
    end as movement_subtype,
    churn_kind,
    churn_reason,
    mrr_before,
    cast(mrr_change as decimal(18, 4)) as mrr_change,
    cast(mrr_after as decimal(18, 4)) as mrr_after,
    coalesce(change_count, item_count) as change_count
from explained
