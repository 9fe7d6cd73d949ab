-- One row per account and complete month of the ledger or of a spine: closing MRR and the change, side by side. A spine
-- of days has the closing MRR of a month on its last day.
create view spine.comparison as
with ledger as (
    select
        account_id,
        make_date(month_number // 12, month_number % 12 + 1, 1) as month,
        closing_mrr,
        case net_movement_type
            when 'expansion' then 'upgrade'
            when 'contraction' then 'downgrade'
            else net_movement_type
        end as change_category,
        fx_impact_mrr <> 0 as has_fx_impact,
        transfer_mrr <> 0 as has_transfer,
        min(case when closing_mrr > 0 then month_number end) over (partition by account_id) as first_closing_month_number,
        min(month_number) over (partition by account_id) as first_month_number
    from intermediate.int_mrr__account_months
),

closing as (
    select
        account_id,
        cast(date_trunc('month', {grain}) as date) as month,
        mrr,
        change_category
    from spine.account_{grain}s
    where date_trunc('month', {grain}) <> date_trunc('month', {grain} + interval 1 {grain})
)

select
    account_id,
    month,
    coalesce(ledger.closing_mrr, 0) as ledger_mrr,
    coalesce(closing.mrr, 0) as spine_mrr,
    closing.account_id is not null as is_in_spine,
    coalesce(ledger.change_category, 'none') as ledger_change,
    coalesce(closing.change_category, 'none') as spine_change,
    case
        when ledger.has_transfer then 'account merge'
        when
            ledger.has_fx_impact
            and closing.change_category in ('upgrade', 'downgrade')
            and coalesce(ledger.change_category, 'none') in ('none', 'upgrade', 'downgrade')
            then 'exchange rates'
        when
            ledger.first_closing_month_number > ledger.first_month_number
            and closing.change_category = 'new'
            and ledger.change_category = 'reactivation'
            then 'first stay within a month'
        else 'unexplained'
    end as reason
from ledger
full outer join closing using (account_id, month)
where month < getvariable('complete_until')
