-- one row per tracking system and user
with delivered as (
    select
        source_system,
        coalesce(user_id, visitor_id) as delivered_key,
        user_id is not null as names_user,
        email,
        group_id,
        precedence,
        first_at,
        _loaded_at
    from {{ ref('stg_usage__ties') }}
    where first_at <= {{ as_of() }}
    union all
    select
        source_system,
        user_id as delivered_key,
        true as names_user,
        null as email,
        null as group_id,
        null as precedence,
        first_at,
        _loaded_at
    from {{ ref('stg_usage__event_weeks') }}
    where source_system <> 'generic' and user_id is not null and first_at <= {{ as_of() }}
),

visitors as (
    select * from {{ ref('unified_usage_visitors') }}
),

respondents as (
    select * from {{ ref('unified_respondents') }}
),

account_keys as (
    select * from {{ ref('unified_account_keys') }}
),

ignored_users as (
    select distinct user_id from {{ ref('ignored_users') }}
),

keyed as (
    select
        *,
        {{ person_key('delivered_key') }} as person_key
    from delivered
),

-- What the system says of a key is true of its user.
statements as (
    select
        keyed.*,
        coalesce(visitors.user_id, case when keyed.names_user then keyed.person_key end) as user_id
    from keyed
    left join visitors on keyed.source_system = visitors.source_system and keyed.person_key = visitors.visitor_id
),

-- A key that is an address says the address, if nothing else does.
addresses as (
    select
        source_system,
        user_id,
        email,
        precedence,
        first_at,
        _loaded_at
    from statements
    union all
    select
        source_system,
        user_id,
        case when delivered_key like '%@%' then delivered_key end as email,
        2 as precedence,
        first_at,
        _loaded_at
    from statements
),

emails as (
    {{ tie_that_counts('addresses', 'user_id', 'email') }}
),

user_groups as (
    {{ tie_that_counts('statements', 'user_id', 'group_id') }}
),

described as (
    select distinct
        statements.source_system,
        statements.user_id,
        emails.email,
        user_groups.group_id
    from statements
    left join emails on statements.source_system = emails.source_system and statements.user_id = emails.user_id
    left join user_groups
        on statements.source_system = user_groups.source_system and statements.user_id = user_groups.user_id
    where statements.user_id is not null
),

identified as (
    select
        source_system,
        user_id,
        {{ hash_person('email') }} as email_hash,
        {{ mail_domain('email') }} as mail_domain,
        group_id
    from described
)

-- One person may be a user in several systems, so the address identifies a person before an id does.
select
    identified.source_system,
    identified.user_id,
    coalesce(identified.email_hash, identified.user_id) as person_id,
    coalesce(
        by_group.account_id, by_domain.account_id, by_address.account_id, by_id.account_id
    ) as account_id,
    ignored_ids.user_id is not null or ignored_addresses.user_id is not null as is_ignored
from identified
left join account_keys as by_group
    on identified.source_system = by_group.source_system and identified.group_id = by_group.source_key
left join account_keys as by_domain
    on identified.source_system = by_domain.source_system and identified.mail_domain = by_domain.source_key
left join respondents as by_address on identified.email_hash = by_address.respondent_id
left join respondents as by_id on identified.user_id = by_id.respondent_id
left join ignored_users as ignored_ids on identified.user_id = ignored_ids.user_id
left join ignored_users as ignored_addresses on identified.email_hash = ignored_addresses.user_id
