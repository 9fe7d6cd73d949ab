-- one row per survey invitation or answer
with responses as (
    select * from {{ ref('stg_generic__survey_responses') }}
),

unified as (
    select
        response_id,
        account_id,
        -- A person without an id of their own is known by a pseudonym of the address; an address that is used
        -- as an id is no exception.
        case
            when respondent_id like '%@%' then {{ hash_person('respondent_id') }}
            else coalesce(respondent_id, {{ hash_person('respondent_email') }})
        end as respondent_id,
        survey_type,
        survey_kind,
        touchpoint,
        score,
        scale_max,
        higher_is_better,
        sent_at,
        is_delivered or score is not null as is_delivered,
        -- Some exports only date the invitation.
        case when score is not null then coalesce(responded_at, sent_at, updated_at) end as responded_at,
        _batch_id,
        _loaded_at
    from responses
)

select * from unified
