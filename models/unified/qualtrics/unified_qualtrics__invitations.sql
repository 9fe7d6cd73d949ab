-- one row per distribution and contact to whom it was sent
{{ config(enabled='qualtrics' in var('connectors')) }}
with distribution_contacts as (
    select * from {{ ref('stg_qualtrics__distribution_contacts') }}
    where coalesce(status, 'success') <> 'skipped'
),

records as (
    select * from {{ ref('unified_qualtrics__records') }}
),

contacts as (
    select * from {{ ref('stg_qualtrics__contacts') }}
),

unified as (
    select
        distribution_contacts.invitation_id,
        distribution_contacts.contact_id,
        coalesce(records.survey_id, distribution_contacts.survey_id, '') as survey_id,
        distribution_contacts.response_id,
        {{ reference_text('contacts.external_reference') }} as account_reference,
        {{ hash_person("nullif(trim(contacts.email), '')") }} as email_hash,
        distribution_contacts.sent_at,
        coalesce(distribution_contacts.status, 'success') not like '%bounce%'
        and coalesce(distribution_contacts.status, 'success') not in ('failed', 'error', 'blocked') as is_delivered,
        distribution_contacts._batch_id,
        distribution_contacts._loaded_at
    from distribution_contacts
    left join records on distribution_contacts.response_id = records.response_id
    left join contacts on distribution_contacts.contact_id = contacts.contact_id
)

select * from unified
