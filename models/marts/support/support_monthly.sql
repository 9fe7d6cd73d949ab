-- one row per month and slice in which a ticket was opened or solved, or that closed with an open ticket
{%- set figures = {
    'first_reply_minutes': 'opened', 'first_reply_business_minutes': 'opened',
    'first_resolution_minutes': 'first_solved', 'first_resolution_business_minutes': 'first_solved',
    'full_resolution_minutes': 'solved', 'full_resolution_business_minutes': 'solved',
} %}
{%- set medians = {
    'requester_wait_minutes': 'solved', 'requester_wait_business_minutes': 'solved',
    'agent_wait_minutes': 'solved', 'agent_wait_business_minutes': 'solved',
    'days_open_at_close': 'open_at_close',
} %}
with ticket_months as (
    select * from {{ ref('int_support__ticket_months') }}
),

customers as (
    select * from {{ ref('mrr_monthly') }}
),

sliced as (
    select
        month_number,
        {{ slice_columns() }},
        {%- for role in ['opened', 'solved', 'first_solved', 'open_at_close'] %}
        count({{ in_role(role, '1') }}) as {{ role }},
        {%- endfor %}
        count({{ in_role('opened', 'case when not is_open then 1 end') }}) as opened_and_solved,
        count({{ in_role('opened', 'is_escalated') }}) as escalation_known,
        count({{ in_role('opened', 'case when is_escalated then 1 end') }}) as escalated,
        count({{ in_role('first_solved', 'reopens') }}) as reopens_known,
        count({{ in_role('first_solved', 'case when reopens > 0 then 1 end') }}) as reopened,
        count({{ in_role('solved', 'is_one_touch') }}) as touches_known,
        count({{ in_role('solved', 'case when is_one_touch then 1 end') }}) as one_touch,
        count({{ in_role('solved', 'handle_minutes') }}) as handled,
        sum({{ in_role('solved', 'handle_minutes') }}) as handle_minutes
        {%- for figure, role in figures.items() %},
        {{ median(in_role(role, figure)) }} as median_{{ figure }},
        {{ percentile(in_role(role, figure), 0.9) }} as p90_{{ figure }}
        {%- endfor %}
        {%- for figure, role in medians.items() %},
        {{ median(in_role(role, figure)) }} as median_{{ figure }}
        {%- endfor %}
    from ticket_months
    group by {{ slice_sets(['month_number']) }} -- noqa: PRS
)

select
    {{ month_start('sliced.month_number') }} as month,
    sliced.dimension,
    sliced.dimension_value,
    sliced.month_number < {{ as_of_month() }} as is_complete,
    cast(sliced.opened as bigint) as tickets_opened,
    cast(sliced.solved as bigint) as tickets_solved,
    cast(sliced.first_solved as bigint) as tickets_first_solved,
    cast(sliced.open_at_close as bigint) as backlog_at_close,
    {{ rate('sliced.opened_and_solved', 'sliced.opened') }} as resolution_rate,
    {{ rate('sliced.reopened', 'sliced.reopens_known') }} as reopen_rate,
    {{ rate('sliced.one_touch', 'sliced.touches_known') }} as one_touch_rate,
    {{ rate('sliced.escalated', 'sliced.escalation_known') }} as escalation_rate,
    100 * {{ rate('sliced.opened', 'customers.closing_customers') }} as tickets_per_100_customers,
    {%- for figure in figures %}
    sliced.median_{{ figure }},
    sliced.p90_{{ figure }},
    {%- endfor %}
    {%- for figure in medians if figure != 'days_open_at_close' %}
    sliced.median_{{ figure }},
    {%- endfor %}
    {{ rate('sliced.handle_minutes', 'sliced.handled') }} as average_handle_minutes,
    cast(sliced.median_days_open_at_close as double) as median_backlog_days
from sliced
left join customers
    on
        {{ month_start('sliced.month_number') }} = customers.month
        and sliced.dimension = customers.dimension
        and sliced.dimension_value = customers.dimension_value
