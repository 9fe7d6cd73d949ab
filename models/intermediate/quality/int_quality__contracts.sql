-- one row per contract, with its value per month and a flag for each oddity
with contracts as (
    select
        *,
        coalesce(currency, '{{ policy('reporting_currency') }}') as own_currency,
        -- A term with start and end swapped keeps its length.
        greatest(
            1, cast(round(abs({{ days_between('starts_on', 'ends_on') }}) * 12 / 365.25) as integer)
        ) as term_months
    from {{ ref('unified_contracts') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

rates as (
    select * from {{ ref('int_quality__rates') }}
),

-- A due contract is valued at the rate of its due month, which may be missing even if there is a later rate.
contracts_without_due_rate as (
    select
        due.source_system,
        due.contract_id
    from {{ ref('int_renewals__contracts') }} as due
    inner join {{ ref('int_renewals__rates') }} as due_rates
        on
            due.currency = due_rates.currency
            and due.valued_month_number = due_rates.month_number
    where
        due.falls_due
        and due_rates.rate is null
)

select
    contracts.source_system,
    contracts.contract_id,
    contracts.account_id,
    contracts.own_currency as currency,
    contracts.starts_on,
    coalesce(contracts.amount, contracts.renewed_amount) as amount,
    {{ convert_money(divide_money('contracts.amount', 'contracts.term_months'), 'rates.rate') }} as mrr,
    not coalesce(accounts.is_in_crm, false) as is_of_unknown_account,
    coalesce(accounts.is_internal, false) as is_internal,
    contracts.ends_on <= contracts.starts_on as ends_before_start,
    contracts.term_months > 240 as is_endless,
    contracts.amount is null as is_without_amount,
    contracts.starts_on > {{ as_of_day() }} as is_in_future,
    contracts.renewed_by_contract_id is not null and followers.contract_id is null as has_idle_link,
    coalesce(followers.ends_on <= contracts.ends_on, false) as is_continued_backwards,
    coalesce(followers.account_id <> contracts.account_id, false) as is_continued_elsewhere,
    coalesce(contracts.amount, contracts.renewed_amount) is not null
    and (rates.rate is null or contracts_without_due_rate.contract_id is not null) as is_without_rate
from contracts
left join accounts on contracts.account_id = accounts.account_id
left join rates on contracts.own_currency = rates.currency
left join contracts as followers
    on
        contracts.source_system = followers.source_system
        and contracts.renewed_by_contract_id = followers.contract_id
left join contracts_without_due_rate
    on
        contracts.source_system = contracts_without_due_rate.source_system
        and contracts.contract_id = contracts_without_due_rate.contract_id
