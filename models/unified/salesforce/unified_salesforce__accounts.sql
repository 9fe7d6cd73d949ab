-- one row per account of Salesforce
{{ config(enabled='salesforce' in var('connectors')) }}
{%- set columns = [
    'account_id', 'account_name', 'website', 'parent_id', 'segment', 'industry', 'country', 'account_source',
    'created_at', 'updated_at', 'is_deleted',
] %}
with users as (
    select * from {{ ref('stg_salesforce__users') }}
),

-- A record of the API knows more than the row of a report.
delivered as (
    select
        {{ columns | join(',\n        ') }},
        owner_id,
        null as owner_name,
        is_internal,
        master_record_id,
        2 as preference,
        _batch_id,
        _loaded_at
    from {{ ref('stg_salesforce__accounts') }}
    union all
    select
        {{ columns | join(',\n        ') }},
        null as owner_id,
        owner_name,
        false as is_internal,
        null as master_record_id,
        1 as preference,
        _batch_id,
        _loaded_at
    from {{ ref('stg_salesforce__accounts_report') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by account_id order by preference desc, updated_at desc nulls last, _loaded_at desc
        ) as choice
    from delivered
)

select
    ranked.account_id as source_key,
    ranked.account_name,
    {{ company_domain('ranked.website') }} as domain,
    ranked.parent_id as parent_key,
    ranked.segment,
    ranked.industry,
    ranked.country,
    ranked.account_source as acquisition_channel,
    coalesce(users.full_name, ranked.owner_name) as owner_name,
    ranked.created_at,
    -- A merge deletes the loser, and an extract may lack the flag.
    ranked.is_deleted or ranked.master_record_id is not null as is_deleted,
    ranked.is_internal,
    ranked.master_record_id as merged_into_key,
    ranked._batch_id,
    ranked._loaded_at
from ranked
left join users on ranked.owner_id = users.user_id
where ranked.choice = 1
