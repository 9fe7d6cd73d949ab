-- one row per rated reply of Help Scout
{{ config(enabled='help_scout' in var('connectors')) }}
with ratings as (
    select * from {{ ref('stg_help_scout__happiness_ratings') }}
    where not is_deleted and score is not null and rated_at is not null
),

conversations as (
    select * from {{ ref('stg_help_scout__conversations') }}
)

select
    ratings.conversation_id || coalesce('-' || ratings.thread_id, '') as response_id,
    cast(null as string) as account_reference,
    ratings.customer_id as respondent_id,
    case
        when coalesce(ratings.customer_id, conversations.customer_id) = conversations.customer_id
            then {{ hash_person('conversations.email') }}
    end as email_hash,
    'csat' as survey_type,
    'transactional' as survey_kind,
    'support' as touchpoint,
    ratings.conversation_id as ticket_id,
    cast(ratings.score as decimal(18, 6)) as score,
    cast(5 as bigint) as scale_max,
    true as higher_is_better,
    cast(null as timestamp) as sent_at,
    true as is_delivered,
    ratings.rated_at as responded_at,
    ratings._batch_id,
    ratings._loaded_at
from ratings
left join conversations on ratings.conversation_id = conversations.conversation_id
