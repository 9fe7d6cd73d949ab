-- one row per account id that a delivery may name, with the record that has it
{{ config(enabled=has_identity()) }}
with records as (
    select * from {{ ref('unified_identity__records') }}
),

-- Reports and spreadsheets shorten the ids of Salesforce to 15 characters.
short_ids as (
    select
        substring(records.source_key, 1, 15) as account_id,
        records.source_system,
        records.source_key
    from records
    left join records as others on substring(records.source_key, 1, 15) = others.account_id
    where
        records.source_system = 'salesforce'
        and length(records.source_key) = 18
        and others.account_id is null
)

select
    account_id,
    source_system,
    source_key
from records
union all
select * from short_ids
