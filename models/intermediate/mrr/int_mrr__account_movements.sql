-- one row per account, instant and precedence: all changes of one kind to the account's MRR at that instant
with balances as (
    select * from {{ ref('int_mrr__account_balances') }}
),

payers_before_history as (
    select * from {{ ref('int_mrr__payers_before_history') }}
),

-- The largest item that ended determines the cause of a loss.
losses as (
    select
        account_id,
        occurred_at,
        end_kind,
        end_reason,
        row_number() over (
            partition by account_id, occurred_at
            order by mrr_change, source_system, subscription_id, item_id, lane
        ) as loss_rank
    from {{ ref('int_mrr__item_ledger') }}
    where end_kind is not null
),

causes as (
    select * from losses
    where loss_rank = 1
),

classified as (
    select
        balances.*,
        -- A row that changes only the constant-currency balance is not a movement: it has no type and no number.
        case
            when not balances.is_movement then null
            when balances.precedence = {{ precedence('opening_balance') }} then 'opening_balance'
            when balances.precedence = {{ precedence('fx_impact') }} then 'fx_impact'
            when balances.precedence = {{ precedence('merge') }} then 'merge'
            when
                balances.is_customer
                and not balances.was_customer
                and balances.occurred_at > {{ days_later('balances.last_left_at', policy('reactivation_window')) }}
                then 'new'
            when balances.movement_number = 1 and payers_before_history.account_id is not null then 'reactivation'
            when balances.movement_number = 1 then 'new'
            when balances.is_customer and not balances.was_customer then 'reactivation'
            when balances.was_customer and not balances.is_customer then 'churn'
            when balances.mrr_change > 0 then 'expansion'
            else 'contraction'
        end as movement_type,
        case when balances.volume_mrr <> 0 then 1 else 0 end
        + case when balances.price_mrr <> 0 then 1 else 0 end
        + case when balances.discount_mrr <> 0 then 1 else 0 end
        + case when balances.pause_mrr <> 0 then 1 else 0 end as part_count
    from balances
    left join payers_before_history on balances.account_id = payers_before_history.account_id
),

-- A price increase within the term of a contract was agreed when the contract was signed.
ramps as (
    select distinct
        classified.account_id,
        classified.occurred_at
    from classified
    inner join {{ ref('unified_contracts') }} as contracts on classified.account_id = contracts.account_id
    where
        classified.movement_type = 'expansion'
        and classified.part_count = 1
        and classified.price_mrr > 0
        and {{ local_day('classified.occurred_at') }} > contracts.starts_on
        and {{ local_day('classified.occurred_at') }} < contracts.ends_on
)

select
    classified.account_id,
    cast(case when classified.is_movement then classified.movement_number end as integer) as movement_number,
    classified.occurred_at,
    classified.precedence,
    classified.month_number,
    classified.is_only_in_month,
    classified.movement_type,
    case
        when classified.movement_type = 'churn' and causes.end_kind = 'pause' then 'pause'
        when classified.movement_type = 'reactivation' and classified.part_count = 1 and classified.pause_mrr <> 0
            then 'resume'
        when coalesce(classified.movement_type, '') not in ('expansion', 'contraction') then null
        when ramps.account_id is not null then 'contracted_ramp'
        when classified.part_count <> 1 then 'mixed'
        when classified.volume_mrr <> 0 then 'volume'
        when classified.price_mrr > 0 then 'price_increase'
        when classified.price_mrr < 0 then 'price_decrease'
        when classified.discount_mrr > 0 then 'discount_end'
        when classified.discount_mrr < 0 then 'discount'
        when classified.pause_mrr < 0 then 'pause'
        else 'resume'
    end as movement_subtype,
    case when classified.movement_type = 'churn' then coalesce(causes.end_kind, 'unknown') end as churn_kind,
    case when classified.movement_type = 'churn' then coalesce(causes.end_reason, 'unknown') end as churn_reason,
    classified.was_customer,
    classified.is_customer,
    cast(classified.mrr_after - classified.mrr_change as decimal(18, 4)) as mrr_before,
    cast(classified.mrr_change as decimal(18, 4)) as mrr_change,
    cast(classified.mrr_after as decimal(18, 4)) as mrr_after,
    cast(classified.mrr_change_constant as decimal(18, 4)) as mrr_change_constant,
    cast(classified.change_count as bigint) as change_count
from classified
left join causes
    on
        classified.account_id = causes.account_id
        and classified.occurred_at = causes.occurred_at
        and classified.precedence = {{ precedence('change') }}
left join ramps
    on
        classified.account_id = ramps.account_id
        and classified.occurred_at = ramps.occurred_at
