-- one row per account and day on which contracts of it fall due: together they are one renewal
with contracts as (
    select * from {{ ref('int_renewals__contracts') }}
    where falls_due
),

rates as (
    select * from {{ ref('int_renewals__rates') }}
),

valued as (
    select
        contracts.*,
        {{ convert_money('contracts.amount', 'rates.rate') }} as due_amount
    from contracts
    left join rates
        on
            contracts.currency = rates.currency
            and contracts.valued_month_number = rates.month_number
),

ranked as (
    select
        *,
        row_number() over (
            partition by account_id, ends_on
            order by due_amount desc nulls last, contract_id asc, source_system asc
        ) as size_rank,
        -- A time that the terms divide: without remainder, as long as there are no more than two.
        max(term_months) over same_renewal
        * case
            when min(term_months) over same_renewal = max(term_months) over same_renewal then 1
            else min(term_months) over same_renewal
        end as common_months
    from valued
    window same_renewal as (partition by account_id, ends_on)
),

-- Converted once per currency, so that a renewal of the sum at the same value is the same to the last digit.
totals as (
    select
        sums.account_id,
        sums.ends_on,
        sum({{ convert_money('sums.amount', 'rates.rate') }}) as due_amount
    from (
        select
            account_id,
            ends_on,
            currency,
            valued_month_number,
            sum(amount) as amount
        from contracts
        group by account_id, ends_on, currency, valued_month_number
    ) as sums
    left join rates
        on
            sums.currency = rates.currency
            and sums.valued_month_number = rates.month_number
    group by sums.account_id, sums.ends_on
),

merged as (
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
    from ranked
    group by account_id, ends_on, valued_month_number
)

select
    merged.account_id,
    merged.due_on,
    merged.valued_month_number,
    merged.contract_id,
    merged.contract_ids,
    merged.contracts,
    merged.starts_on,
    merged.auto_renew,
    cast(totals.due_amount as decimal(18, 4)) as due_amount,
    -- Contracts of unequal terms are compared by what they cost over the same time.
    merged.shortest_term_months = merged.longest_term_months or merged.common_amount = 0 as has_one_term,
    merged.longest_term_months,
    cast(merged.common_months as integer) as common_months,
    cast(merged.common_amount as decimal(18, 4)) as common_amount
from merged
inner join totals on merged.account_id = totals.account_id and merged.due_on = totals.ends_on
