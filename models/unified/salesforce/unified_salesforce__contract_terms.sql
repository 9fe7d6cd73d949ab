-- one row per contract of Salesforce that is not deleted, with its term or the reason that it does not count
{{ config(enabled='salesforce' in var('connectors')) }}
with ranked as (
    select
        *,
        row_number() over (partition by contract_id order by updated_at desc nulls last, _loaded_at desc) as choice
    from {{ ref('stg_salesforce__contracts') }}
),

-- EndDate is the last day of the term. Without it, the term has whole months.
terms as (
    select
        contract_id,
        account_id,
        status,
        starts_on,
        cast(coalesce(
            {{ dbt.dateadd('day', 1, 'last_day') }},
            {{ dbt.dateadd('month', 'term_months', 'starts_on') }}
        ) as date) as ends_on,
        currency,
        auto_renew,
        _batch_id,
        _loaded_at
    from ranked
    where choice = 1 and not is_deleted
)

select
    contract_id,
    account_id,
    starts_on,
    ends_on,
    currency,
    auto_renew,
    case
        when status in ('draft', 'inapproval', 'inapprovalprocess', 'negotiating', 'awaitingsignature') then 'draft'
        when status in ('rejected', 'signaturedeclined') then 'rejected'
        when account_id is null then 'no_account'
        when ends_on is null or starts_on is null then 'no_term'
        when ends_on <= starts_on then 'ends_before_start'
    end as exception_reason,
    _batch_id,
    _loaded_at
from terms
