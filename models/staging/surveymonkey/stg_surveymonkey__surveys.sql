-- one row per survey, in its latest version
{{ config(enabled='surveymonkey' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('surveymonkey', 'surveys'), ['id'], 'date_modified', is_vendor=true) }}
)

select
    id as survey_id,
    _batch_id,
    _loaded_at
from latest_versions
