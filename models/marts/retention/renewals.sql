-- one row per account and day on which its contracts fall due
select
    contract_id,
    contract_ids,
    contracts,
    account_id,
    starts_on,
    due_on,
    auto_renew,
    due_amount,
    renewed_amount,
    renewed_on,
    outcome,
    days_to_renewal
from {{ ref('int_renewals__outcomes') }}
