-- one row per contract of a customer; internal accounts are left out
with contracts as (
    select * from {{ ref('unified_contracts') }}
    where ends_on > starts_on
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

terms as (
    select
        contracts.source_system,
        contracts.contract_id,
        contracts.account_id,
        contracts.starts_on,
        contracts.ends_on,
        contracts.amount,
        coalesce(contracts.currency, '{{ policy('reporting_currency') }}') as currency,
        contracts.auto_renew,
        contracts.renewed_by_contract_id,
        -- Exports write 0 where nothing was renewed.
        nullif(contracts.renewed_amount, 0) as renewed_amount,
        named.contract_id is not null as is_follower_known,
        contracts.starts_on <= {{ as_of_day() }} as has_begun,
        {{ days_between('contracts.starts_on', 'contracts.ends_on') }} as term_days
    from contracts
    left join accounts on contracts.account_id = accounts.account_id
    left join contracts as named
        on
            contracts.source_system = named.source_system
            and contracts.renewed_by_contract_id = named.contract_id
            and contracts.contract_id <> named.contract_id
    where not coalesce(accounts.is_internal, false)
),

measured as (
    select
        *,
        -- Whole months: neither leap days nor ends written as the last day of the term change its length.
        greatest(1, cast(round(term_days * 12 / 365.25) as integer)) as term_months
    from terms
)

select
    *,
    -- A term of a month is no commitment that could be renewed.
    has_begun and term_months > 1 as falls_due,
    -- Rates of a due date that lies ahead are those of as_of.
    least({{ month_number('ends_on') }}, {{ as_of_month() }}) as valued_month_number,
    -- The name of a contract that nobody delivered says nothing.
    max(case when is_follower_known or renewed_amount is not null then 1 else 0 end) over (
        partition by account_id, ends_on
    ) = 1 as names_follower
from measured
