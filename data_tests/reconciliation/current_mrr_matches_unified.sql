-- The MRR of every account equals the MRR that its subscription periods give without the ledger.
select
    coalesce(accounts.account_id, expected.account_id) as account_id,
    accounts.current_mrr,
    expected.expected_mrr
from {{ ref('dim_accounts') }} as accounts
full outer join {{ ref('int_quality__expected_mrr') }} as expected on accounts.account_id = expected.account_id
where
    accounts.account_id is null
    or expected.account_id is null
    or coalesce(accounts.current_mrr, 0) <> expected.expected_mrr
