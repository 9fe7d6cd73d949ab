-- one row per person and invitation, and per answer
{{ config(enabled='delighted' in var('connectors')) }}
with responses as (
    select * from {{ ref('stg_delighted__survey_responses') }}
    where not is_deleted and person_id is not null
),

invitations as (
    select
        invitations.person_id,
        invitations.sent_at,
        invitations._batch_id,
        invitations._loaded_at
    from {{ ref('stg_delighted__invitations') }} as invitations
    left join {{ ref('stg_delighted__unsubscribes') }} as unsubscribes
        on invitations.person_id = unsubscribes.person_id
    where unsubscribes.unsubscribed_at is null or invitations.sent_at <= unsubscribes.unsubscribed_at
),

bounces as (
    select * from {{ ref('stg_delighted__bounces') }}
),

events as (
    select
        person_id,
        sent_at as occurred_at,
        1 as event_order,
        cast(null as {{ dbt.type_string() }}) as response_id,
        sent_at
    from invitations
    union all
    select
        person_id,
        bounced_at as occurred_at,
        2 as event_order,
        null as response_id,
        null as sent_at
    from bounces
    union all
    select
        person_id,
        responded_at as occurred_at,
        3 as event_order,
        response_id,
        null as sent_at
    from responses
),

-- A bounce and an answer belong to the last invitation before them.
assigned_events as (
    select
        person_id,
        event_order,
        response_id,
        occurred_at,
        max(sent_at) over (
            partition by person_id
            order by occurred_at, event_order
            rows between unbounded preceding and current row
        ) as invited_at
    from events
),

first_events as (
    select
        person_id,
        invited_at,
        max(case when event_order = 2 then 1 else 0 end) = 1 as is_bounced,
        {{ first_by('response_id', 'occurred_at') }} as response_id
    from assigned_events
    where invited_at is not null
    group by person_id, invited_at
)

select
    invitations.person_id,
    invitations.sent_at,
    not first_events.is_bounced as is_delivered,
    first_events.response_id,
    invitations._batch_id,
    invitations._loaded_at
from invitations
inner join first_events
    on
        invitations.person_id = first_events.person_id
        and invitations.sent_at = first_events.invited_at
