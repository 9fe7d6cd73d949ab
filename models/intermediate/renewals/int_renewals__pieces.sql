-- one row per account, due date and contract that states an amount of the renewal
with contracts as (
    select * from {{ ref('int_renewals__contracts') }}
    where falls_due
),

followers as (
    select * from {{ ref('int_renewals__followers') }}
),

due as (
    select * from {{ ref('int_renewals__due') }}
),

account_months as (
    select * from {{ ref('int_mrr__account_months') }}
),

-- Each due contract may state its renewal with an amount of its own or with a follower. A follower that starts too late
-- or was not delivered does not count.
statements as (
    select
        contracts.source_system,
        contracts.contract_id,
        contracts.account_id,
        contracts.ends_on as due_on,
        followers.follower_source_system,
        followers.follower_contract_id,
        contracts.renewed_amount as own_amount,
        contracts.renewed_amount is not null as states_amount,
        contracts.currency,
        coalesce(followers.follower_term_months, contracts.term_months) as term_months,
        coalesce(followers.follower_starts_on, contracts.ends_on) as starts_on,
        followers.follower_amount,
        followers.follower_currency
    from contracts
    left join followers
        on
            contracts.source_system = followers.source_system
            and contracts.contract_id = followers.contract_id
    where
        followers.contract_id is not null
        or (not contracts.is_follower_known and contracts.renewed_amount is not null)
),

-- A follower of several contracts is shared among their due dates in proportion to the amounts due.
follower_amounts as (
    select
        statements.account_id,
        statements.due_on,
        statements.follower_source_system,
        statements.follower_contract_id,
        statements.follower_amount,
        statements.follower_currency,
        statements.term_months,
        statements.starts_on,
        max(case when statements.states_amount then 1 else 0 end) = 1 as is_stated,
        due.due_amount,
        sum(due.due_amount) over same_follower as total_due,
        count(*) over same_follower as due_dates
    from statements
    inner join due on statements.account_id = due.account_id and statements.due_on = due.due_on
    where statements.follower_contract_id is not null
    group by
        statements.account_id, statements.due_on, statements.follower_source_system, statements.follower_contract_id,
        statements.follower_amount, statements.follower_currency, statements.term_months, statements.starts_on,
        due.due_amount
    window same_follower as (partition by statements.follower_source_system, statements.follower_contract_id)
),

-- An automatic renewal needs no new contract. It took place if the account is still a customer after the grace period.
automatic_renewals as (
    select
        contracts.account_id,
        contracts.ends_on as due_on,
        contracts.source_system,
        contracts.contract_id,
        contracts.currency,
        contracts.amount,
        contracts.term_months,
        contracts.ends_on as starts_on
    from contracts
    left join statements on contracts.account_id = statements.account_id and contracts.ends_on = statements.due_on
    inner join account_months
        on
            contracts.account_id = account_months.account_id
            and account_months.month_number = least(
                {{ month_number(dbt.dateadd('day', policy('renewal_grace_days'), 'contracts.ends_on')) }},
                {{ as_of_month() }}
            )
    where
        contracts.auto_renew
        and not contracts.is_follower_known
        and contracts.ends_on <= {{ as_of_day() }}
        and statements.account_id is null
        and account_months.is_customer
)

select
    account_id,
    due_on,
    source_system,
    contract_id,
    currency,
    own_amount as amount,
    term_months,
    starts_on
from statements
where states_amount
union all
select
    account_id,
    due_on,
    follower_source_system as source_system,
    follower_contract_id as contract_id,
    follower_currency as currency,
    case
        when due_dates = 1 then follower_amount
        when total_due = 0 then {{ share_of_money('follower_amount', '1', 'due_dates') }}
        else {{ share_of_money('follower_amount', 'due_amount', 'total_due') }}
    end as amount,
    term_months,
    starts_on
from follower_amounts
where not is_stated
union all
select * from automatic_renewals
