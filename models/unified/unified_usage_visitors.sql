-- one row per tracking system and key of a person that belongs to a known user
with ties as (
    select
        source_system,
        {{ person_key('visitor_id') }} as visitor_id,
        {{ person_key('user_id') }} as user_id,
        precedence,
        first_at,
        _loaded_at
    from {{ ref('stg_usage__ties') }}
    where first_at <= {{ as_of() }}
),

tied as (
    {{ tie_that_counts('ties', 'visitor_id', 'user_id') }}
),

-- An id of a user may stand where other persons have a key.
users as (
    select distinct
        source_system,
        user_id
    from ties
    where user_id is not null
),

known as (
    select
        source_system,
        visitor_id,
        user_id
    from tied
    union all
    select
        users.source_system,
        users.user_id as visitor_id,
        users.user_id
    from users
    left join tied on users.source_system = tied.source_system and users.user_id = tied.visitor_id
    where tied.visitor_id is null
)

-- The user of a key may itself be a key of a person.
select
    known.source_system,
    known.visitor_id,
    coalesce(persons.user_id, known.user_id) as user_id
from known
left join tied as persons on known.source_system = persons.source_system and known.user_id = persons.visitor_id
