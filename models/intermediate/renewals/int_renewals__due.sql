-- one row per account and due date; contracts of an account with the same due date are one renewal
with contracts as (
    select * from {{ ref('int_renewals__contracts') }}
    where falls_due
),

rates as (
    select * from {{ ref('int_renewals__rates') }}
),

valued_contracts as (
    select
        contracts.*,
        {{ convert_money('contracts.amount', 'rates.rate') }} as due_amount
    from contracts
    left join rates
        on
            contracts.currency = rates.currency
            and contracts.valued_month_number = rates.month_number
),

ranked_contracts as (
    select
        *,
        row_number() over (
            partition by account_id, ends_on
            order by due_amount desc nulls last, contract_id asc, source_system asc
        ) as size_rank,
        -- A common multiple of the terms, if there are at most two different terms.
        max(term_months) over same_renewal
        * case
            when min(term_months) over same_renewal = max(term_months) over same_renewal then 1
            else min(term_months) over same_renewal
        end as common_months
    from valued_contracts
    window same_renewal as (partition by account_id, ends_on)
),

currency_totals as (
    select
        account_id,
        ends_on,
        currency,
        valued_month_number,
        sum(amount) as amount
    from contracts
    group by account_id, ends_on, currency, valued_month_number
),

-- Convert the sum of each currency once. A renewal for the same sum then has exactly the same value.
totals as (
    select
        currency_totals.account_id,
        currency_totals.ends_on,
        sum({{ convert_money('currency_totals.amount', 'rates.rate') }}) as due_amount
    from currency_totals
    left join rates
        on
            currency_totals.currency = rates.currency
            and currency_totals.valued_month_number = rates.month_number
    group by currency_totals.account_id, currency_totals.ends_on
),

renewals as (
    select
        account_id,
        ends_on as due_on,
        valued_month_number,
        max(case when size_rank = 1 then contract_id end) as contract_id,
        {{ sorted_list('contract_id') }} as contract_ids,
        count(*) as contracts,
        max(case when size_rank = 1 then starts_on end) as starts_on,
        max(case when auto_renew then 1 else 0 end) = 1 as auto_renew,
        min(term_months) as shortest_term_months,
        max(term_months) as longest_term_months,
        max(common_months) as common_months,
        sum({{ divide_money('cast(due_amount as decimal(28, 4)) * common_months', 'term_months') }}) as common_amount
    from ranked_contracts
    group by account_id, ends_on, valued_month_number
)

select
    renewals.account_id,
    renewals.due_on,
    renewals.valued_month_number,
    renewals.contract_id,
    renewals.contract_ids,
    renewals.contracts,
    renewals.starts_on,
    renewals.auto_renew,
    cast(totals.due_amount as decimal(18, 4)) as due_amount,
    -- Contracts with different terms are compared by their cost over the common months.
    renewals.shortest_term_months = renewals.longest_term_months or renewals.common_amount = 0 as has_one_term,
    renewals.longest_term_months,
    cast(renewals.common_months as integer) as common_months,
    cast(renewals.common_amount as decimal(18, 4)) as common_amount
from renewals
inner join totals on renewals.account_id = totals.account_id and renewals.due_on = totals.ends_on
