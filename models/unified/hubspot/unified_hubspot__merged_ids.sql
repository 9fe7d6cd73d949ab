-- one row per company or contact of HubSpot that was merged into another one
{{ config(enabled='hubspot' in var('connectors')) }}
with swallowed as (
    select
        'companies' as object_name,
        {{ expand_ids('merged_company_ids') }} as merged_id,
        company_id as merged_into_id,
        updated_at,
        _batch_id,
        _loaded_at
    from {{ ref('stg_hubspot__companies') }}
    where merged_company_ids is not null
    union all
    select
        'contacts' as object_name,
        {{ expand_ids('merged_contact_ids') }} as merged_id,
        contact_id as merged_into_id,
        updated_at,
        _batch_id,
        _loaded_at
    from {{ ref('stg_hubspot__contacts') }}
    where merged_contact_ids is not null
),

-- The record of a later merge names the earlier losers too.
ranked as (
    select
        *,
        row_number() over (
            partition by object_name, merged_id
            order by updated_at desc nulls last, _loaded_at desc, merged_into_id desc
        ) as choice
    from swallowed
    where merged_id <> merged_into_id and merged_id <> '0'
)

select
    object_name,
    merged_id,
    merged_into_id,
    _batch_id,
    _loaded_at
from ranked
where choice = 1
