-- one row per account and week at whose end it is a customer, from four weeks before the history begins
{%- set counts = [
    'nps_answers', 'nps_points', 'detractors', 'last_detractor', 'csat_answers', 'csat_satisfied', 'tickets', 'reopens',
    'escalations', 'past_due', 'milestones_due', 'late_milestones', 'open_expansions', 'renewals_ahead'
] %}
{%- set usage_window = 'partition by account_id order by week_number' %}
with customer_changes as (
    {{ customer_week_changes(ref('int_mrr__account_balances')) }}
),

changes as (
    select * from {{ ref('int_health__changes') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
    where not is_internal
),

score_cards as (
    select * from {{ ref('health_score_cards') }}
),

-- Before the first ticket of any account nothing is known about tickets, and likewise for charges that are past due.
voices as (
    select
        min(case when tickets > 0 then week_number end) as first_ticket_week,
        min(case when past_due > 0 then week_number end) as first_past_due_week
    from changes
),

customer_weeks as (
    select
        account_id,
        {{ expand_numbers(
            'greatest(from_week_number, ' ~ as_of_week() ~ ' - ' ~ policy('health_history_weeks') ~ ' - 3)',
            'coalesce(until_week_number - 1, ' ~ as_of_week() ~ ')'
        ) }} as week_number
    from customer_changes
    where is_customer
),

changed_weeks as (
    select
        coalesce(customer_weeks.account_id, changes.account_id) as account_id,
        coalesce(customer_weeks.week_number, changes.week_number) as week_number,
        customer_weeks.account_id is not null as is_customer
        {%- for name in counts %},
        coalesce(changes.{{ name }}, 0) as {{ name }}
        {%- endfor %}
    from customer_weeks
    full outer join changes
        on customer_weeks.account_id = changes.account_id and customer_weeks.week_number = changes.week_number
),

running as (
    select
        account_id,
        week_number,
        is_customer,
        least(
            cast({{ dbt.dateadd('day', 6, week_start('week_number')) }} as date), {{ as_of_day() }}
        ) as week_end_on
        {%- for name in counts %},
        cast(sum({{ name }}) over (
            partition by account_id order by week_number rows between unbounded preceding and current row
        ) as integer) as {{ name }}
        {%- endfor %}
    from changed_weeks
),

usage_weeks as (
    select
        *,
        {{ week_number('week') }} as week_number
    from {{ ref('int_usage__weeks') }}
),

-- The unfinished week has no trend yet, so it repeats that of the week before.
usage_measures as (
    select
        account_id,
        week_number,
        active_users_28d,
        {{ rate('active_users_28d', 'seats_paid') }} as seat_utilisation,
        case when is_complete then usage_trend
            else max(usage_trend) over ({{ usage_window }} range between 1 preceding and 1 preceding)
        end as usage_trend,
        case when is_complete then is_slipping
            else max(case when is_slipping then 1 end) over (
                {{ usage_window }} range between 1 preceding and 1 preceding
            ) = 1
        end as is_slipping,
        coalesce(last_active_on, min(week) over (partition by account_id)) as last_active_on,
        count(case when decision_makers_active > 0 then 1 end) over (
            {{ usage_window }} range between 3 preceding and current row
        ) as decision_maker_weeks,
        max(case when decision_makers_active > 0 then week_number end) over (
            {{ usage_window }} rows between unbounded preceding and current row
        ) as decision_maker_week_number
    from usage_weeks
)

select
    running.account_id,
    running.week_number,
    running.week_end_on,
    coalesce(own_cards.score_card, other_cards.score_card) as score_card,
    {{ rate('running.nps_points', 'running.nps_answers') }} as nps,
    {{ rate('running.csat_satisfied', 'running.csat_answers') }} as csat,
    case when running.week_number >= voices.first_ticket_week then running.tickets end as tickets,
    case when running.week_number >= voices.first_ticket_week then running.reopens + running.escalations end
        as ticket_trouble,
    usage_measures.usage_trend,
    usage_measures.seat_utilisation,
    {{ days_between('usage_measures.last_active_on', 'running.week_end_on') }} as inactive_days,
    case when usage_measures.decision_maker_week_number is not null then usage_measures.decision_maker_weeks end
        as decision_maker_weeks,
    case when running.milestones_due > 0 then running.late_milestones end as late_milestones,
    case when running.week_number >= voices.first_past_due_week then running.past_due end as past_due,
    running.detractors,
    running.last_detractor > 0 as is_last_answer_detractor,
    running.reopens,
    running.escalations,
    running.open_expansions,
    running.renewals_ahead,
    coalesce(usage_measures.is_slipping, false) as is_slipping,
    7 * (running.week_number - usage_measures.decision_maker_week_number) as decision_maker_inactive_days,
    usage_measures.active_users_28d as active_users
from running
cross join voices
inner join accounts on running.account_id = accounts.account_id
left join score_cards as own_cards on accounts.segment = own_cards.segment
left join score_cards as other_cards on other_cards.segment = 'all'
left join usage_measures
    on running.account_id = usage_measures.account_id and running.week_number = usage_measures.week_number
where running.is_customer
