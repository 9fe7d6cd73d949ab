-- one row per account and quarter in which somebody heard of it
with tickets as (
    select
        account_id,
        cast({{ dbt.date_trunc('quarter', month_start('month_number')) }} as date) as quarter,
        count({{ in_role('opened', 'case when reopens > 0 then 1 end') }}) as tickets_reopened,
        {{ median(in_role('opened', 'first_reply_minutes')) }} as median_first_reply_minutes,
        {{ median(in_role('solved', 'full_resolution_minutes')) }} as median_full_resolution_minutes
    from {{ ref('int_support__ticket_months') }}
    where account_id is not null
    group by account_id, cast({{ dbt.date_trunc('quarter', month_start('month_number')) }} as date)
),

answers as (
    select
        account_id,
        cast({{ dbt.date_trunc('quarter', local_day('responded_at')) }} as date) as quarter,
        {{ rate('sum(case when is_satisfied then 1 else 0 end)', 'count(*)') }} as csat_rate
    from {{ ref('int_sentiment__invitations') }}
    where
        account_id is not null
        and survey_type = 'csat'
        and is_valid_score
    group by account_id, cast({{ dbt.date_trunc('quarter', local_day('responded_at')) }} as date)
),

calls as (
    select
        account_id,
        cast({{ dbt.date_trunc('quarter', local_day('held_at')) }} as date) as quarter,
        count(*) as calls,
        max(case when call_kind = 'qbr' then {{ local_day('held_at') }} end) as qbr_on
    from {{ ref('unified_calls') }}
    where account_id is not null and held_at <= {{ as_of() }}
    group by account_id, cast({{ dbt.date_trunc('quarter', local_day('held_at')) }} as date)
),

heard as (
    select
        account_id,
        quarter
    from tickets
    union
    select
        account_id,
        quarter
    from answers
    union
    select
        account_id,
        quarter
    from calls
)

select
    heard.account_id,
    heard.quarter,
    coalesce(tickets.tickets_reopened, 0) as tickets_reopened,
    tickets.median_first_reply_minutes,
    tickets.median_full_resolution_minutes,
    answers.csat_rate,
    coalesce(calls.calls, 0) as calls,
    calls.qbr_on
from heard
{%- for voice in ['tickets', 'answers', 'calls'] %}
left join {{ voice }} on heard.account_id = {{ voice }}.account_id and heard.quarter = {{ voice }}.quarter
{%- endfor %}
