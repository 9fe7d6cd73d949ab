-- one row per delivered call, with its account and whether another system delivers the same call
{%- set columns = ['held_at', 'minutes', 'call_kind', '_batch_id', '_loaded_at'] %}
with generic_calls as (
    {{ with_linked_account(ref('stg_generic__calls')) }}
),
{%- if has_branch('calls') %}

branch_calls as (
    {{- union_branches('calls', ['call_id', 'precedence_rank'] + columns) }}
),

evidence as (
    {{- union_branches('call_evidence', ['call_id', 'match_rule', 'reference']) }}
),

accounts_by_key as (
    {{ accounts_by_key() }}
),

matches as (
    select
        evidence.source_system,
        evidence.call_id,
        1 as rule_order,
        accounts_by_key.account_id
    from evidence
    inner join accounts_by_key on evidence.reference = accounts_by_key.source_key
    where evidence.match_rule = 'reference'
    union all
    select
        evidence.source_system,
        evidence.call_id,
        2 as rule_order,
        keys.account_id
    from evidence
    inner join {{ ref('unified_account_keys') }} as keys
        on evidence.source_system = keys.source_system and evidence.reference = keys.source_key
    where evidence.match_rule = 'domain'
    union all
    select
        evidence.source_system,
        evidence.call_id,
        3 as rule_order,
        respondents.account_id
    from evidence
    inner join {{ ref('unified_respondents') }} as respondents on evidence.reference = respondents.respondent_id
    where evidence.match_rule = 'email' and respondents.account_id is not null
),

-- Your own company may be an account too. Its staff are in every meeting.
counted as (
    select
        matches.source_system,
        matches.call_id,
        matches.rule_order,
        count(distinct matches.account_id) as accounts,
        min(matches.account_id) as account_id
    from matches
    left join {{ ref('unified_accounts') }} as accounts on matches.account_id = accounts.account_id
    where not coalesce(accounts.is_internal, false)
    group by matches.source_system, matches.call_id, matches.rule_order
),

decided as (
    select
        *,
        row_number() over (partition by source_system, call_id order by rule_order) as place
    from counted
),
{%- endif %}

calls as (
    select
        'generic' as source_system,
        call_id,
        linked_account_id as account_id,
        1 as accounts,
        0 as system_order,
        {{ columns | join(',\n        ') }}
    from generic_calls
    {%- if has_branch('calls') %}
    union all
    select
        branch_calls.source_system,
        {{ vendor_id('branch_calls.source_system', 'branch_calls.call_id') }} as call_id,
        case when decided.accounts = 1 then decided.account_id end as account_id,
        coalesce(decided.accounts, 0) as accounts,
        1000 * {{ system_rank('branch_calls.source_system') }} + branch_calls.precedence_rank as system_order,
        branch_calls.{{ columns | join(',\n        branch_calls.') }}
    from branch_calls
    left join decided
        on
            branch_calls.source_system = decided.source_system
            and branch_calls.call_id = decided.call_id
            and decided.place = 1
    {%- endif %}
),

timed as (
    select
        *,
        cast({{ seconds_between("timestamp '2000-01-01 00:00:00'", 'held_at') }} as bigint) as held_second
    from calls
)

select
    source_system,
    call_id,
    account_id,
    cast(accounts as bigint) as accounts,
    -- The first system of the order counts. Calls of one system are different, also if they start together.
    account_id is not null and system_order > min(system_order) over (
        partition by account_id
        order by held_second
        range between {{ var('same_call_minutes') * 60 }} preceding and {{ var('same_call_minutes') * 60 }} following
    ) as is_repeated,
    {{ columns | join(',\n    ') }}
from timed
