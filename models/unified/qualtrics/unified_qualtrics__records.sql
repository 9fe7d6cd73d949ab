-- one row per response, whatever way it was delivered
{{ config(enabled='qualtrics' in var('connectors')) }}
with responses as (
    select * from {{ ref('stg_qualtrics__responses') }}
),

exported_responses as (
    select * from {{ ref('stg_qualtrics__responses_export') }}
),

embedded_references as (
    select
        response_id,
        min({{ reference_text('reference') }}) as account_reference
    from {{ ref('stg_qualtrics__embedded_data') }}
    where
        lower(field) in (
            {%- for field in ['account_id'] + var('account_reference_fields', []) | list %}
            '{{ field | lower }}'{{ ',' if not loop.last }}
            {%- endfor %}
        )
    group by response_id
),

records as (
    select
        responses.*,
        false as is_exported
    from responses
    union all
    select
        exported_responses.*,
        true as is_exported
    from exported_responses
    left join responses on exported_responses.response_id = responses.response_id
    where responses.response_id is null
),

unified as (
    select
        records.response_id,
        coalesce(records.survey_id, '') as survey_id,
        records.is_exported,
        records.recorded_at,
        records.response_kind,
        records.is_finished,
        records.is_deleted,
        {{ hash_person("nullif(trim(records.email), '')") }} as email_hash,
        coalesce(
            {{ account_reference('records.entries') }},
            embedded_references.account_reference,
            {{ reference_text('records.external_reference') }}
        ) as account_reference,
        records._batch_id,
        records._loaded_at
    from records
    left join embedded_references on records.response_id = embedded_references.response_id
)

select * from unified
