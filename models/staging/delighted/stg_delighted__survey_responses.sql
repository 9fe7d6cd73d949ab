-- one row per response of a person, in its latest version
{{ config(enabled='delighted' in var('connectors')) }}
with versions as (
    select
        *,
        -- updated_at is empty until the first change.
        coalesce(updated_at, created_at) as version_at
    from {{ source('delighted', 'survey_responses') }}
),

latest_versions as (
    {{ latest_version('versions', ['id'], 'version_at', is_vendor=true) }}
)

select
    id as response_id,
    coalesce(person_id, case when substring(person, 1, 1) <> '{' then person end) as person_id,
    person_email as email,
    lower(survey_type) as survey_type,
    {{ score_of('score') }} as score,
    created_at as responded_at,
    coalesce(_is_deleted, false) as is_deleted,
    {{ valid_json('person_properties') }} as person_properties,
    {{ valid_json('_extra') }} as extra_fields,
    {{ valid_json('tags') }} as tags,
    _batch_id,
    _loaded_at
from latest_versions
