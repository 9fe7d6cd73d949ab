-- one row per response and tag or value of a property
{{ config(enabled='delighted' in var('connectors')) }}
with responses as (
    select * from {{ ref('stg_delighted__survey_responses') }}
),

tags as (
    select
        response_id,
        {{ json_elements('tags') }} as marker
    from responses
),

properties as (
    select
        response_id,
        {{ json_entries('person_properties') }} as entry
    from responses
),

markers as (
    select
        response_id,
        marker
    from tags
    union
    select
        response_id,
        entry['value'] as marker
    from properties
)

select * from markers
where marker is not null
