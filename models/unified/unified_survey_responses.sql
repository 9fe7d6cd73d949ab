-- one row per survey invitation or answer
with responses as (
    {{ with_linked_account(ref('stg_generic__survey_responses')) }}
),

respondents as (
    select * from {{ ref('unified_respondents') }}
),

tickets as (
    select * from {{ ref('unified_tickets') }}
),

unified as (
    select
        response_id,
        linked_account_id as account_id,
        -- The pseudonym of the address identifies a person without an id. An address that is used as an id becomes a
        -- pseudonym too.
        case
            when respondent_id like '%@%' then {{ hash_person('respondent_id') }}
            else coalesce(respondent_id, {{ hash_person('respondent_email') }})
        end as respondent_id,
        -- The address identifies the account only if the response does not name one.
        case when account_id is null then {{ hash_person('respondent_email') }} end as address_hash,
        survey_type,
        survey_kind,
        touchpoint,
        ticket_id,
        score,
        scale_max,
        higher_is_better,
        -- An unanswered invitation without sent_at takes another date of its row.
        coalesce(sent_at, case when score is null then coalesce(responded_at, updated_at) end) as sent_at,
        is_delivered or score is not null as is_delivered,
        -- Some exports date only the invitation.
        case when score is not null then coalesce(responded_at, sent_at, updated_at) end as responded_at,
        _batch_id,
        _loaded_at
    from responses
)
{%- if has_branch('responses') %},

branch_responses as (
    {{ union_branches('responses', [
        'response_id', 'account_reference', 'respondent_id', 'email_hash', 'survey_type', 'survey_kind', 'touchpoint',
        'ticket_id', 'score', 'scale_max', 'higher_is_better', 'sent_at', 'is_delivered', 'responded_at', '_batch_id',
        '_loaded_at',
    ]) }}
),

accounts_by_key as (
    {{ accounts_by_key() }}
),

connected as (
    select
        branch_responses.source_system || ':' || branch_responses.response_id as response_id,
        coalesce(
            accounts_by_key.account_id, by_reference.account_id, tickets.account_id, by_address.account_id
        ) as account_id,
        -- One person may answer in two survey systems, so the address identifies a person before an id does.
        coalesce(
            branch_responses.email_hash,
            by_reference.respondent_id,
            branch_responses.source_system || ':' || branch_responses.respondent_id
        ) as respondent_id,
        branch_responses.survey_type,
        branch_responses.survey_kind,
        branch_responses.touchpoint,
        {{ vendor_id('branch_responses.source_system', 'branch_responses.ticket_id') }} as ticket_id,
        cast(branch_responses.score as decimal(9, 4)) as score,
        branch_responses.scale_max,
        branch_responses.higher_is_better,
        branch_responses.sent_at,
        branch_responses.is_delivered or branch_responses.score is not null as is_delivered,
        case when branch_responses.score is not null then branch_responses.responded_at end as responded_at,
        branch_responses._batch_id,
        branch_responses._loaded_at
    from branch_responses
    left join accounts_by_key on branch_responses.account_reference = accounts_by_key.source_key
    left join respondents as by_reference on branch_responses.account_reference = by_reference.respondent_id
    left join respondents as by_address on branch_responses.email_hash = by_address.respondent_id
    left join tickets
        on {{ vendor_id('branch_responses.source_system', 'branch_responses.ticket_id') }} = tickets.ticket_id
)
{%- endif %}

select
    unified.response_id,
    -- The ticket knows the organization of its requester, so it says more than the person.
    coalesce(unified.account_id, tickets.account_id, by_id.account_id, by_address.account_id) as account_id,
    unified.respondent_id,
    unified.survey_type,
    unified.survey_kind,
    unified.touchpoint,
    unified.ticket_id,
    unified.score,
    unified.scale_max,
    unified.higher_is_better,
    unified.sent_at,
    unified.is_delivered,
    unified.responded_at,
    unified._batch_id,
    unified._loaded_at
from unified
left join respondents as by_id
    on
        unified.account_id is null
        and unified.respondent_id = by_id.respondent_id
left join tickets on unified.ticket_id = tickets.ticket_id
left join respondents as by_address on unified.address_hash = by_address.respondent_id
{%- if has_branch('responses') %}
union all
select
    response_id,
    account_id,
    respondent_id,
    survey_type,
    survey_kind,
    touchpoint,
    ticket_id,
    score,
    scale_max,
    higher_is_better,
    sent_at,
    is_delivered,
    responded_at,
    _batch_id,
    _loaded_at
from connected
{%- endif %}
