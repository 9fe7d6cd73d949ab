-- one row per won deal of HubSpot and term of its recurring line items
{{ config(enabled='hubspot' in var('connectors')) }}
with terms as (
    select * from {{ ref('unified_hubspot__deal_terms') }}
    where exception_reason is null
)

select
    deal_id || ':' || cast(starts_on as string) || ':' || cast(ends_on as string) as contract_id,
    company_id as account_key,
    starts_on,
    ends_on,
    -- The value is known only if that of every line item is.
    cast(case when count(amount) = count(*) then sum(amount) end as decimal(18, 4)) as amount,
    currency,
    false as auto_renew,
    cast(null as string) as renewed_by_contract_id,
    cast(null as decimal(18, 4)) as renewed_amount,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from terms
group by deal_id, company_id, starts_on, ends_on, currency
