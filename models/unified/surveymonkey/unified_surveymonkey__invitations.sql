-- one row per recipient to whom a message was sent
{{ config(enabled='surveymonkey' in var('connectors')) }}
with recipients as (
    select * from {{ ref('stg_surveymonkey__recipients') }}
    where coalesce(mail_status, 'sent') not in ('not_sent', 'processing')
),

messages as (
    select * from {{ ref('stg_surveymonkey__messages') }}
),

unified as (
    select
        recipients.recipient_id,
        coalesce(recipients.survey_id, messages.survey_id, '') as survey_id,
        {{ account_reference('recipients.custom_fields') }} as account_reference,
        {{ hash_person('recipients.email') }} as email_hash,
        messages.sent_at,
        coalesce(recipients.mail_status, 'sent') not in ('bounced', 'opted_out') as is_delivered,
        recipients._batch_id,
        recipients._loaded_at
    from recipients
    left join messages on recipients.message_id = messages.message_id
)

select * from unified
