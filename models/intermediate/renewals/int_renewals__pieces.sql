-- one row per renewal and amount that continues it, in the currency and for the term it was agreed in
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

-- What each contract says of its renewal: an amount, or a contract that follows. A follower that came too late is none,
-- and neither is one that nobody delivered.
said as (
    select
        contracts.account_id,
        contracts.ends_on as due_on,
        followers.follower_source_system,
        followers.follower_contract_id,
        contracts.renewed_amount as own_amount,
        contracts.renewed_amount is not null as speaks_for_itself,
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

-- A follower of several contracts counts once for each due date, shared out by what was due.
shared as (
    select
        said.account_id,
        said.due_on,
        said.follower_amount,
        said.follower_currency,
        said.term_months,
        said.starts_on,
        max(case when said.speaks_for_itself then 1 else 0 end) = 1 as is_stated,
        due.due_amount,
        sum(due.due_amount) over (partition by said.follower_source_system, said.follower_contract_id) as total_due,
        count(*) over (partition by said.follower_source_system, said.follower_contract_id) as due_dates
    from said
    inner join due on said.account_id = due.account_id and said.due_on = due.due_on
    where said.follower_contract_id is not null
    group by
        said.account_id, said.due_on, said.follower_source_system, said.follower_contract_id, said.follower_amount,
        said.follower_currency, said.term_months, said.starts_on, due.due_amount
),

-- An automatic renewal needs no new contract: it happened if the account still pays when the grace has passed.
automatic as (
    select
        contracts.account_id,
        contracts.ends_on as due_on,
        contracts.currency,
        contracts.amount,
        contracts.term_months,
        contracts.ends_on as starts_on
    from contracts
    left join said on contracts.account_id = said.account_id and contracts.ends_on = said.due_on
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
        and said.account_id is null
        and account_months.is_customer
)

select
    account_id,
    due_on,
    currency,
    own_amount as amount,
    term_months,
    starts_on
from said
where speaks_for_itself
union all
select
    account_id,
    due_on,
    follower_currency as currency,
    case
        when due_dates = 1 then follower_amount
        when total_due = 0 then {{ share_of_money('follower_amount', '1', 'due_dates') }}
        else {{ share_of_money('follower_amount', 'due_amount', 'total_due') }}
    end as amount,
    term_months,
    starts_on
from shared
where not is_stated
union all
select * from automatic
