-- one row per account in the previous release
select
    account_id,
    current_mrr as mrr
from {{ source('previous', 'accounts') }}
