-- one row per rated reply of Help Scout, in the latest version of its rating
{{ config(enabled='help_scout' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('help_scout', 'happiness_ratings'), ['conversation_id', 'thread_id'], 'rating_created_at',
        is_vendor=true
    ) }}
)

select
    conversation_id,
    thread_id,
    case rating_id when 1 then 5 when 2 then 3 when 3 then 1 end as score,
    nullif(trim(rating_customer_id), '') as customer_id,
    rating_created_at as rated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
