-- one row per ticket and month in which it was opened, first solved or last solved, or at whose close it was open
{{ config(materialized=inlined()) }}
{%- set roles = {'opened': 'created_at', 'first_solved': 'first_solved_at', 'solved': 'solved_at'} %}
with tickets as (
    select * from {{ ref('int_support__ticket_times') }}
),

spans as (
    select * from {{ ref('int_support__status_spans') }}
    where not is_solved
),

account_months as (
    select * from {{ ref('int_mrr__account_months') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

combinations as (
    select * from {{ ref('int_accounts__slice_combinations') }}
),

-- Without a history, a ticket was open until its last solve.
open_stretches as (
    select
        ticket_id,
        started_at,
        case when not is_last then ended_at end as ended_at
    from spans
    union all
    select
        ticket_id,
        created_at as started_at,
        solved_at as ended_at
    from tickets
    where
        not has_history
        and (is_open or solved_at is not null)
),

open_months as (
    select
        ticket_id,
        {{ expand_numbers(
            local_month('started_at'),
            'case when ended_at is null then ' ~ as_of_month() ~ ' else ' ~ local_month('ended_at') ~ ' - 1 end'
        ) }} as month_number
    from open_stretches
),

ticket_months as (
    {%- for role, instant in roles.items() %}
    select
        ticket_id,
        '{{ role }}' as ticket_role,
        {{ local_month(instant) }} as month_number
    from tickets
    where {{ instant }} is not null
    union all
    {%- endfor %}
    select
        ticket_id,
        'open_at_close' as ticket_role,
        month_number
    from open_months
)

-- A ticket belongs to the slice of its account, with the plan of the month in which it was created.
select
    ticket_months.month_number,
    ticket_months.ticket_role,
    tickets.*,
    case
        when ticket_months.ticket_role = 'open_at_close'
            then {{ days_between(
                local_day('tickets.created_at'),
                'least(' ~ as_of_day() ~ ', cast(' ~ dbt.dateadd('day', -1, month_start('ticket_months.month_number + 1'))
                ~ ' as date))'
            ) }}
    end as days_open_at_close,
    coalesce(account_months.plan_id, 'unknown') as plan,
    combinations.*
from ticket_months
inner join tickets on ticket_months.ticket_id = tickets.ticket_id
left join account_months
    on
        tickets.account_id = account_months.account_id
        and tickets.created_month_number = account_months.month_number
left join slices on tickets.account_id = slices.account_id
inner join combinations on coalesce(slices.slice_number, 0) = combinations.slice_number
