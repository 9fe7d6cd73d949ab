-- one row per survey invitation or answer
with responses as (
    {{ with_linked_account(ref('stg_generic__survey_responses')) }}
),

respondents as (
    select * from {{ ref('unified_respondents') }}
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

select
    unified.response_id,
    coalesce(unified.account_id, by_id.account_id, by_address.account_id) as account_id,
    unified.respondent_id,
    unified.survey_type,
    unified.survey_kind,
    unified.touchpoint,
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
left join respondents as by_address on unified.address_hash = by_address.respondent_id
