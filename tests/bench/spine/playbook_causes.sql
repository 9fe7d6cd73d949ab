-- Why the playbook's closing MRR differs from the ledger's: account-months by their first cause that applies.
with flags as (
    select
        comparison.account_id,
        comparison.month,
        max(accounts.is_internal) as is_internal,
        max(periods.discount_amount > 0) as has_discount,
        max(periods.currency <> 'USD') as has_foreign_currency,
        max(periods.status = 'past_due') as is_past_due
    from spine.comparison
    inner join unified.unified_accounts as accounts on comparison.account_id = accounts.account_id
    left join unified.unified_subscription_periods as periods
        on
            comparison.account_id = periods.account_id
            and periods.price_kind = 'recurring'
            and date_trunc('month', periods.period_start) <= comparison.month
            and (periods.period_end is null or date_trunc('month', periods.period_end) > comparison.month)
    where comparison.ledger_mrr <> comparison.spine_mrr
    group by comparison.account_id, comparison.month
)

select
    case
        when is_internal then 'account of the company itself'
        when has_discount then 'discount'
        when has_foreign_currency then 'foreign currency'
        when is_past_due then 'past due'
        else 'unexplained'
    end as cause,
    count(*) as account_months
from flags
group by all
order by account_months desc
