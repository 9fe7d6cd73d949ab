-- one row per contract that ends after it starts, except those of internal accounts
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
        -- Exports write 0 if nothing was renewed.
        nullif(contracts.renewed_amount, 0) as renewed_amount,
        followers.contract_id is not null as is_follower_known,
        contracts.starts_on <= {{ as_of_day() }} as has_begun,
        {{ days_between('contracts.starts_on', 'contracts.ends_on') }} as term_days
    from contracts
    left join accounts on contracts.account_id = accounts.account_id
    left join contracts as followers
        on
            contracts.source_system = followers.source_system
            and contracts.renewed_by_contract_id = followers.contract_id
            and contracts.contract_id <> followers.contract_id
    where not coalesce(accounts.is_internal, false)
),

whole_terms as (
    select
        *,
        -- Rounding to whole months absorbs leap days and ends delivered as the last day of the term.
        greatest(1, cast(round(term_days * 12 / 365.25) as integer)) as term_months
    from terms
)

select
    *,
    -- A monthly term is not a commitment, so it never falls due.
    has_begun and term_months > 1 as falls_due,
    -- A due date after as_of is valued at the rates of as_of.
    least({{ month_number('ends_on') }}, {{ as_of_month() }}) as valued_month_number,
    -- A reference to a contract that was not delivered does not name a follower.
    max(case when is_follower_known or renewed_amount is not null then 1 else 0 end) over (
        partition by account_id, ends_on
    ) = 1 as names_follower
from whole_terms
