-- The spine of open MRR playbooks: every account gets a row for each of its months, every row is joined to the periods
-- that cover the month, and window functions compare a month with the one before. The grain is month or day.
--
-- Reads spine.periods (account_id, currency, starts_at, ends_at, monthly_amount; a null end is still running) and
-- spine.rates (currency, rate_on, rate). Writes spine.account_{grain}s up to the day in the variable complete_until,
-- which is not included. A period covers a {grain} if it covers its last instant: it starts by then, and ends later.
create table spine.account_{grain}s as
with {grain}s as (
    select cast(unnest(generate_series(
        (select date_trunc('{grain}', min(starts_at)) from spine.periods),
        getvariable('complete_until') - interval 1 {grain},
        interval 1 {grain}
    )) as date) as {grain}
),

periods as (
    select
        account_id,
        currency,
        monthly_amount,
        cast(date_trunc('{grain}', starts_at) as date) as first_{grain},
        -- The playbook drops an account without an end. Here, it lasts to the end of the spine.
        cast(coalesce(date_trunc('{grain}', ends_at), getvariable('complete_until')) as date) as end_{grain}
    from spine.periods
),

accounts as (
    select
        account_id,
        min(first_{grain}) as first_{grain},
        max(end_{grain}) as end_{grain}
    from periods
    group by account_id
),

account_spine as (
    select
        accounts.account_id,
        {grain}s.{grain}
    from accounts
    inner join {grain}s on {grain}s.{grain} >= accounts.first_{grain} and {grain}s.{grain} < accounts.end_{grain}
),

-- The playbook knows one currency. Here, money in others is worth what it is on the last day of the {grain}.
rates as (
    select
        currency,
        cast(date_trunc('{grain}', rate_on) as date) as {grain},
        arg_max(rate, rate_on) as rate
    from spine.rates
    group by all
),

-- The playbook allows an account one period at a time. Here, it has several, which are summed.
valued as (
    select
        account_spine.account_id,
        account_spine.{grain},
        cast(coalesce(sum(
            case when periods.currency = 'USD' then periods.monthly_amount
            else money_convert(periods.monthly_amount, rates.rate) end
        ), 0) as decimal(18, 4)) as mrr
    from account_spine
    left join periods
        on
            account_spine.account_id = periods.account_id
            and account_spine.{grain} >= periods.first_{grain}
            and account_spine.{grain} < periods.end_{grain}
    left join rates on periods.currency = rates.currency and account_spine.{grain} = rates.{grain}
    group by account_spine.account_id, account_spine.{grain}
),

active as (
    select
        account_id,
        min({grain}) as first_{grain},
        max({grain}) as last_{grain}
    from valued
    where mrr > 0
    group by account_id
),

-- A {grain} without MRR follows the last one with MRR, so that the loss has a row.
all_{grain}s as (
    select
        valued.account_id,
        valued.{grain},
        valued.mrr
    from valued
    inner join active on valued.account_id = active.account_id
    where valued.{grain} between active.first_{grain} and active.last_{grain}
    union all
    select
        account_id,
        cast(last_{grain} + interval 1 {grain} as date) as {grain},
        0 as mrr
    from active
    where last_{grain} + interval 1 {grain} < getvariable('complete_until')
),

changes as (
    select
        *,
        coalesce(lag(mrr) over account_in_time, 0) as previous_mrr,
        row_number() over account_in_time = 1 as is_first
    from all_{grain}s
    window account_in_time as (partition by account_id order by {grain})
)

select
    account_id,
    {grain},
    mrr,
    previous_mrr,
    mrr - previous_mrr as mrr_change,
    case
        when is_first then 'new'
        when mrr = 0 and previous_mrr > 0 then 'churn'
        when mrr > 0 and previous_mrr = 0 then 'reactivation'
        when mrr > previous_mrr then 'upgrade'
        when mrr < previous_mrr then 'downgrade'
    end as change_category,
    least(mrr, previous_mrr) as renewal_amount
from changes
