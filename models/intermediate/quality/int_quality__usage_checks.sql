-- one row per check of usage events, seats and milestones
with events as (
    select * from {{ ref('unified_usage_event_weeks') }}
),

user_days as (
    select distinct
        account_id,
        user_id
    from {{ ref('unified_usage_user_days') }}
    where user_id is not null
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

contacts as (
    select * from {{ ref('unified_respondents') }}
),

users as (
    select * from {{ ref('unified_usage_users') }}
),

row_counts as (
    select counts.* from {{ ref('stg_landing__row_counts') }} as counts
    where counts.object_name = 'usage_events' or counts.source_system in (select users.source_system from users)
),

seats as (
    select * from {{ ref('unified_seats') }}
),

milestones as (
    select * from {{ ref('unified_milestones') }}
),

event_counts as (
    select
        sum(case when not events.is_known then events.events end) as future_events,
        sum(case when accounts.account_id is null then events.events end) as without_known_account,
        sum(case when events.account_id is null then events.events end) as without_account,
        sum(case when accounts.is_internal then events.events end) as internal_accounts,
        sum(events.events_without_user) as without_user,
        sum(events.events_of_ignored_users) as ignored_users,
        sum(events.events_after_receipt) as after_receipt,
        sum(case when not events.is_counted then events.events - events.events_of_ignored_users end) as uncounted
    from events
    left join accounts on events.account_id = accounts.account_id
),

checks as (
    {%- for check_name, count, expected, description in [
        ('starts_after_as_of', 'future_events', 'null', 'Events after as_of. They count later, if their clock is right.'),
        ('account_unknown', 'without_known_account - coalesce(without_account, 0)', '0', 'Events of accounts that neither the CRM nor billing knows. They count nowhere.'),
        ('without_account', 'without_account', 'null', 'Events of visitors and users of whom no account is known. They count nowhere.'),
        ('internal_account', 'internal_accounts', 'null', 'Events of test and own accounts, which count nowhere.'),
        ('without_user', 'without_user', 'null', 'Events without a user. They count as activity of the account, and of no user.'),
        ('ignored_user', 'ignored_users', 'null', 'Events of users in the seed ignored_users, which count nowhere.'),
        ('after_receipt', 'after_receipt', 'null', 'Events that happened after they were received, by their own clock. They count when they were received.'),
        ('without_activity', 'uncounted', 'null', 'Events that show no activity by the seed active_events. They count nowhere.'),
    ] %}
    select
        '{{ check_name }}' as check_name,
        'usage_events' as table_name,
        {{ count }} as observed,
        {{ expected }} as expected,
        '{{ description }}' as description
    from event_counts
    union all
    {%- endfor %}
    select
        'delivered_again' as check_name,
        'usage_events' as table_name,
        sum(case when outcome in ('superseded', 'repeated', 'conflicting') then row_count end) as observed,
        null as expected,
        'Rows of events that another row or file delivers too. Each event counts once.' as description
    from row_counts
    union all
    select
        'user_unknown' as check_name,
        'usage_events' as table_name,
        count(*) as observed,
        null as expected,
        'Users that are no contact. They count, but cannot be decision makers.' as description
    from user_days
    left join contacts on user_days.user_id = contacts.respondent_id
    where contacts.respondent_id is null
    union all
    select
        'account_unknown' as check_name,
        'usage_users' as table_name,
        count(*) as observed,
        0 as expected,
        'Users of a tracking system without an account. Their events count only in a known group.' as description
    from users
    where account_id is null and not is_ignored
    union all
    select
        'account_unknown' as check_name,
        'seats' as table_name,
        count(*) as observed,
        0 as expected,
        'Numbers of seats of accounts that neither the CRM nor billing knows. They count nowhere.' as description
    from seats
    left join accounts on seats.account_id = accounts.account_id
    where accounts.account_id is null
    union all
    select
        'below_zero' as check_name,
        'seats' as table_name,
        count(*) as observed,
        0 as expected,
        'Numbers of seats below zero, which count as no seats.' as description
    from seats
    where is_below_zero
    union all
    select
        'account_unknown' as check_name,
        'milestones' as table_name,
        count(*) as observed,
        0 as expected,
        'Milestones of accounts that neither the CRM nor billing knows. They count nowhere.' as description
    from milestones
    left join accounts on milestones.account_id = accounts.account_id
    where accounts.account_id is null
    union all
    select
        'before_sign_up' as check_name,
        'milestones' as table_name,
        count(*) as observed,
        0 as expected,
        'Milestones reached before the account was created. They count on the day of the sign-up.' as description
    from milestones
    inner join accounts on milestones.account_id = accounts.account_id
    where milestones.reached_at < accounts.created_at
)

select
    check_name,
    table_name,
    'all' as detail,
    cast(coalesce(observed, 0) as bigint) as observed,
    cast(expected as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    description
from checks
