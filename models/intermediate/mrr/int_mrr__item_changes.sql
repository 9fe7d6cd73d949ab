-- one row per subscription item, lane, instant at which its terms change, and kind of change; in its own currency
{%- set item = 'source_system, subscription_id, item_id, lane' %}
with intervals as (
    select * from {{ ref('int_subscriptions__mrr_intervals') }}
    where is_counted
),

-- `joins`: service continues from the previous interval without a gap, under any account. `is_joined`: it continues
-- into the next one.
neighbours as (
    select
        *,
        coalesce(lag(ends_at) over item_in_time = starts_at and lag(currency) over item_in_time = currency, false)
            as joins,
        coalesce(lead(starts_at) over item_in_time = ends_at and lead(currency) over item_in_time = currency, false)
            as is_joined,
        lag(account_id) over item_in_time as previous_account_id,
        lead(account_id) over item_in_time as next_account_id,
        lag(end_kind) over item_in_time as previous_end_kind,
        lag(status) over item_in_time as previous_status,
        lag(plan_id) over item_in_time as previous_plan_id,
        lag(quantity) over item_in_time as previous_quantity,
        lag(unit_amount) over item_in_time as previous_unit_amount,
        lag(interval_unit) over item_in_time as previous_interval_unit,
        lag(interval_count) over item_in_time as previous_interval_count,
        lag(list_mrr) over item_in_time as previous_list_mrr,
        lag(discount_mrr) over item_in_time as previous_discount_mrr,
        lag(mrr) over item_in_time as previous_mrr
    from intervals
    window item_in_time as (partition by {{ item }} order by starts_at)
),

-- An item that continues under another account transfers its MRR to it. A merge is neither a sale nor a loss.
links as (
    select
        *,
        joins and (previous_account_id = account_id or previous_mrr > 0) as continues,
        is_joined and (next_account_id = account_id or mrr > 0) as is_continued,
        joins and previous_account_id <> account_id and previous_mrr > 0 as is_transferred_in,
        is_joined and next_account_id <> account_id and mrr > 0 as is_transferred_out
    from neighbours
),

starts as (
    select
        {{ item }},
        account_id,
        currency,
        rated_on,
        starts_at as changed_at,
        is_transferred_in as is_merge,
        1 as active_change,
        not is_transferred_in and coalesce(previous_end_kind = 'pause', false) as is_pause,
        cast(null as string) as plan_before,
        case when is_transferred_in then previous_plan_id else plan_id end as plan_after,
        cast(0 as decimal(18, 4)) as mrr_before,
        case when is_transferred_in then previous_mrr else mrr end as mrr_after,
        case when is_transferred_in then 0 else list_mrr end as volume_mrr,
        cast(0 as decimal(18, 4)) as price_mrr,
        case when is_transferred_in then 0 else -discount_mrr end as discount_mrr,
        cast(null as string) as end_kind,
        cast(null as string) as end_reason,
        _batch_id
    from links
    where not continues or is_transferred_in
),

-- Volume effect: extra units at the old price. Price effect: the price change on all units.
price_changes as (
    select
        *,
        case
            when quantity = previous_quantity then previous_list_mrr
            else {{ monthly_amount(
                'quantity * previous_unit_amount', 'previous_interval_unit', 'previous_interval_count'
            ) }}
        end as list_mrr_at_previous_price
    from links
    where
        continues
        and (
            mrr <> previous_mrr
            or list_mrr <> previous_list_mrr
            or quantity <> previous_quantity
            or coalesce(plan_id, '') <> coalesce(previous_plan_id, '')
        )
),

revisions as (
    select
        {{ item }},
        account_id,
        currency,
        rated_on,
        starts_at as changed_at,
        false as is_merge,
        0 as active_change,
        {{ policy_is('pause_policy', 'zero_as_contraction') }}
        and (status = 'paused') <> (previous_status = 'paused') as is_pause,
        previous_plan_id as plan_before,
        plan_id as plan_after,
        previous_mrr as mrr_before,
        mrr as mrr_after,
        list_mrr_at_previous_price - previous_list_mrr as volume_mrr,
        list_mrr - list_mrr_at_previous_price as price_mrr,
        previous_discount_mrr - discount_mrr as discount_mrr,
        cast(null as string) as end_kind,
        cast(null as string) as end_reason,
        _batch_id
    from price_changes
),

ends as (
    select
        {{ item }},
        account_id,
        currency,
        rated_on,
        ends_at as changed_at,
        is_transferred_out as is_merge,
        -1 as active_change,
        not is_transferred_out and end_kind = 'pause' as is_pause,
        plan_id as plan_before,
        cast(null as string) as plan_after,
        mrr as mrr_before,
        cast(0 as decimal(18, 4)) as mrr_after,
        case when is_transferred_out then 0 else -list_mrr end as volume_mrr,
        cast(0 as decimal(18, 4)) as price_mrr,
        case when is_transferred_out then 0 else discount_mrr end as discount_mrr,
        case when not is_transferred_out then end_kind end as end_kind,
        case when not is_transferred_out then end_reason end as end_reason,
        _batch_id
    from links
    where ends_at is not null and (not is_continued or is_transferred_out)
),

changes as (
    select * from starts
    union all
    select * from revisions
    union all
    select * from ends
)

select
    *,
    mrr_after - mrr_before as mrr_change
from changes
where changed_at <= {{ as_of() }}
