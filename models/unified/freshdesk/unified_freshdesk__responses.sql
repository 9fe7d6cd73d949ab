-- one row per answer to the CSAT survey of Freshdesk
{{ config(enabled='freshdesk' in var('connectors')) }}
with ratings as (
    select * from {{ ref('stg_freshdesk__satisfaction_ratings') }}
    where not is_deleted and score is not null and created_at is not null
),

contacts as (
    select * from {{ ref('stg_freshdesk__contacts') }}
)

select
    ratings.rating_id as response_id,
    cast(null as string) as account_reference,
    ratings.user_id as respondent_id,
    {{ hash_person('contacts.email') }} as email_hash,
    'csat' as survey_type,
    'transactional' as survey_kind,
    'support' as touchpoint,
    ratings.ticket_id,
    cast(ratings.score as decimal(18, 6)) as score,
    cast(5 as bigint) as scale_max,
    true as higher_is_better,
    cast(null as timestamp) as sent_at,
    true as is_delivered,
    {{ latest('ratings.updated_at', 'ratings.created_at') }} as responded_at,
    ratings._batch_id,
    ratings._loaded_at
from ratings
left join contacts on ratings.user_id = contacts.contact_id
