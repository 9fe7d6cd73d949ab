-- one row per contract, with what it is worth a month and what is odd about it
with contracts as (
    select
        *,
        coalesce(currency, '{{ policy('reporting_currency') }}') as own_currency,
        -- A term that is written backwards is as long as one that is not.
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

-- A contract that falls due is valued at the rate of that month, which may be missing though there is a later one.
due_rates as (
    select
        due.source_system,
        due.contract_id
    from {{ ref('int_renewals__contracts') }} as due
    inner join {{ ref('int_renewals__rates') }} as known
        on
            due.currency = known.currency
            and due.valued_month_number = known.month_number
    where
        due.falls_due
        and known.rate is null
)

select
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
    contracts.renewed_by_contract_id is not null and named.contract_id is null as has_idle_link,
    coalesce(named.ends_on <= contracts.ends_on, false) as is_continued_backwards,
    coalesce(named.account_id <> contracts.account_id, false) as is_continued_elsewhere,
    coalesce(contracts.amount, contracts.renewed_amount) is not null
    and (rates.rate is null or due_rates.contract_id is not null) as is_without_rate
from contracts
left join accounts on contracts.account_id = accounts.account_id
left join rates on contracts.own_currency = rates.currency
left join contracts as named
    on
        contracts.source_system = named.source_system
        and contracts.renewed_by_contract_id = named.contract_id
left join due_rates
    on
        contracts.source_system = due_rates.source_system
        and contracts.contract_id = due_rates.contract_id
