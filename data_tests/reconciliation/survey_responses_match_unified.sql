-- The mart has every response, except those after as_of and those of internal accounts.
select
    responses.response_id,
    responses.survey_type
from {{ ref('unified_survey_responses') }} as responses
left join {{ ref('unified_accounts') }} as accounts on responses.account_id = accounts.account_id
left join {{ ref('fct_survey_responses') }} as published on responses.response_id = published.response_id
where
    published.response_id is null
    and not coalesce(accounts.is_internal, false)
    and coalesce(coalesce(responses.sent_at, responses.responded_at) <= {{ as_of() }}, true)
