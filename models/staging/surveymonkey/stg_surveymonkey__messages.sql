-- one row per message of a collector, in its latest version
{{ config(enabled='surveymonkey' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('surveymonkey', 'messages'), ['id'], is_vendor=true) }}
)

select
    id as message_id,
    survey_id,
    coalesce(scheduled_date, date_created) as sent_at,
    _batch_id,
    _loaded_at
from latest_versions
