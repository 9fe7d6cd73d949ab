-- one row per account and week at whose end a count behind its health differs from that of the week before
{%- set counts = [
    'nps_answers', 'nps_points', 'detractors', 'last_detractor', 'csat_answers', 'csat_satisfied', 'tickets', 'reopens',
    'escalations', 'past_due', 'milestones_due', 'late_milestones', 'open_expansions', 'renewals_ahead'
] %}
{%- set nps_until = earliest('next_of_person_on', dbt.dateadd('day', policy('health_nps_days'), 'answered_on')) %}
{%- set csat_until = dbt.dateadd('day', policy('health_csat_days'), 'answered_on') %}
{%- set ticket_days = policy('health_ticket_days') %}
{#- Count, relation, condition, amount, first day on which it counts, first day on which it no longer does. -#}
{%- set spans = [
    ('nps_answers', 'answers', "survey_type = 'nps'", '1', 'answered_on', nps_until),
    ('nps_points', 'answers', "survey_type = 'nps'", 'score', 'answered_on', nps_until),
    ('detractors', 'answers', "survey_type = 'nps' and score <= 6", '1', 'answered_on', nps_until),
    ('last_detractor', 'answers', "survey_type = 'nps' and score <= 6", '1', 'answered_on', 'next_of_account_on'),
    ('csat_answers', 'answers', "survey_type = 'csat'", '1', 'answered_on', csat_until),
    ('csat_satisfied', 'answers', "survey_type = 'csat' and is_satisfied", '1', 'answered_on', csat_until),
    ('tickets', 'tickets', 'true', '1', 'created_on', dbt.dateadd('day', ticket_days, 'created_on')),
    ('reopens', 'reopenings', 'true', '1', 'reopened_on', dbt.dateadd('day', ticket_days, 'reopened_on')),
    ('reopens', 'tickets', 'not has_history and reopens > 0', 'reopens', 'known_on',
     dbt.dateadd('day', ticket_days, 'known_on')),
    ('escalations', 'tickets', 'is_escalated', '1', 'known_on', dbt.dateadd('day', ticket_days, 'known_on')),
    ('past_due', 'past_due_intervals', 'true', '1', local_day('starts_at'),
     'case when ends_at <= ' ~ as_of() ~ ' then ' ~ local_day('ends_at') ~ ' end'),
    ('milestones_due', 'milestones', 'true', '1', 'overdue_on', 'cast(null as date)'),
    ('late_milestones', 'milestones', 'true', '1', 'overdue_on', 'reached_on'),
    ('open_expansions', 'opportunities', 'true', '1', local_day('created_at'),
     'case when is_closed and closed_at <= ' ~ as_of() ~ ' then ' ~ local_day('closed_at') ~ ' end'),
    ('renewals_ahead', 'renewals', 'true', '1',
     'greatest(starts_on, cast(' ~ dbt.dateadd('day', -policy('health_renewal_days'), 'ends_on') ~ ' as date))',
     'ends_on')
] %}
with answers as (
    select
        *,
        {{ local_day('responded_at') }} as answered_on,
        lead({{ local_day('responded_at') }}) over (
            partition by account_id, survey_type, {{ person_asked('survey_kind', 'respondent_id', 'response_id') }}
            order by responded_at, response_id
        ) as next_of_person_on,
        lead({{ local_day('responded_at') }}) over (
            partition by account_id, survey_type
            order by responded_at, response_id
        ) as next_of_account_on
    from {{ ref('int_sentiment__invitations') }}
    where account_id is not null and is_valid_score
),

tickets as (
    select
        *,
        {{ local_day('created_at') }} as created_on,
        -- A delivered flag or count was known at its version, or at the solve of a ticket without a history.
        {{ local_day('coalesce(updated_at, case when not has_history then solved_at end, created_at)') }} as known_on
    from {{ ref('int_support__tickets') }}
    where account_id is not null
),

reopenings as (
    select
        tickets.account_id,
        {{ local_day('spans.started_at') }} as reopened_on
    from {{ ref('int_support__status_spans') }} as spans
    inner join tickets on spans.ticket_id = tickets.ticket_id
    where spans.is_reopen
),

past_due_intervals as (
    select * from {{ ref('int_subscriptions__mrr_intervals') }}
    where status = 'past_due' and starts_at <= {{ as_of() }}
),

milestones as (
    select
        account_id,
        {{ dbt.dateadd('day', 1, 'target_on') }} as overdue_on,
        case when reached_at <= {{ as_of() }} then {{ local_day('reached_at') }} end as reached_on
    from {{ ref('unified_milestones') }}
    where target_on is not null
),

opportunities as (
    select * from {{ ref('unified_opportunities') }}
    where
        opportunity_type = 'expansion'
        and created_at <= {{ as_of() }}
        and (not is_closed or closed_at is not null)
),

renewals as (
    select * from {{ ref('int_renewals__contracts') }}
    where falls_due
),

spans as (
    {%- for name, relation, condition, amount, from_on, until_on in spans %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        account_id,
        '{{ name }}' as count_name,
        cast({{ amount }} as integer) as amount,
        cast({{ from_on }} as date) as from_on,
        cast({{ until_on }} as date) as until_on
    from {{ relation }}
    where {{ condition }}
    {%- endfor %}
),

changes as (
    select
        account_id,
        count_name,
        amount,
        from_on as changed_on
    from spans
    where until_on is null or until_on > from_on
    union all
    select
        account_id,
        count_name,
        -amount as amount,
        until_on as changed_on
    from spans
    where until_on > from_on
)

select
    account_id,
    {{ week_number('changed_on') }} as week_number
    {%- for name in counts %},
    cast(sum(case when count_name = '{{ name }}' then amount else 0 end) as integer) as {{ name }}
    {%- endfor %}
from changes
where account_id is not null and changed_on <= {{ as_of_day() }}
group by account_id, {{ week_number('changed_on') }}
