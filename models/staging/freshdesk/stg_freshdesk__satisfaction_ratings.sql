-- one row per answer to the CSAT survey of Freshdesk, in its latest version
{{ config(enabled='freshdesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('freshdesk', 'satisfaction_ratings'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as rating_id,
    ticket_id,
    user_id,
    -- The scale has seven steps, and three in the oldest surveys.
    case
        when ratings_default_question in (103, 102, 1) then 5
        when ratings_default_question = 101 then 4
        when ratings_default_question in (100, 2) then 3
        when ratings_default_question = -101 then 2
        when ratings_default_question in (-102, -103, 3) then 1
    end as score,
    created_at,
    updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
