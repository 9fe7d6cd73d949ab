-- one row per account with an NPS answer, with the latest one
with answers as (
    select
        *,
        row_number() over (partition by account_id order by responded_at desc, response_id desc) as recency_rank
    from {{ ref('int_sentiment__invitations') }}
    where
        account_id is not null
        and survey_type = 'nps'
        and is_valid_score
)

select
    account_id,
    score as last_nps_score,
    {{ nps_category('score') }} as last_nps_category,
    {{ local_day('responded_at') }} as last_nps_on
from answers
where recency_rank = 1
