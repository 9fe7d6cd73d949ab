-- one row per contract of Salesforce with a term
{{ config(enabled='salesforce' in var('connectors')) }}
with terms as (
    select * from {{ ref('unified_salesforce__contract_terms') }}
    where exception_reason is null
),

-- A contract has no amount of its own. The deals that led to it have one.
amounts as (
    select
        contract_id,
        sum(amount) as amount,
        min(currency) as currency,
        count(distinct currency) as currencies
    from {{ ref('stg_salesforce__opportunities') }}
    where is_won and not is_deleted and contract_id is not null
    group by contract_id
)

select
    terms.contract_id,
    terms.account_id as account_key,
    terms.starts_on,
    terms.ends_on,
    case when amounts.currencies <= 1 then {{ round_money('amounts.amount') }} end as amount,
    case when amounts.currencies <= 1 then coalesce(amounts.currency, terms.currency) else terms.currency end
        as currency,
    terms.auto_renew,
    cast(null as string) as renewed_by_contract_id,
    cast(null as decimal(18, 4)) as renewed_amount,
    terms._batch_id,
    terms._loaded_at
from terms
left join amounts on terms.contract_id = amounts.contract_id
