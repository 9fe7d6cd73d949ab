-- one row per account of Salesforce and key of another system that it holds
{{ config(enabled='salesforce' in var('connectors')) }}
with held as (
    {{ reference_rows(ref('stg_salesforce__accounts'), 'account_id', ['_extra'], suffixes=['__c', '_c']) }}
    union all
    {{ reference_rows(ref('stg_salesforce__accounts_report'), 'account_id', ['_extra']) }}
)

select
    source_key,
    reference,
    min(field) as field,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from held
group by source_key, reference
