-- one row per person of Pipedrive
{{ config(enabled='pipedrive' in var('connectors')) }}
with persons as (
    select * from {{ ref('stg_pipedrive__persons') }}
)

select
    person_id as contact_id,
    organization_id as account_key,
    {{ hash_person('email') }} as email_hash,
    job_title as role,
    cast(null as boolean) as is_decision_maker,
    cast(null as bigint) as seniority,
    created_at,
    is_deleted,
    cast(null as string) as merged_into_id,
    _batch_id,
    _loaded_at
from persons
