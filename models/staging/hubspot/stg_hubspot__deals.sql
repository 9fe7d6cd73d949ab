-- one row per deal of HubSpot, in its latest version
{{ config(enabled='hubspot' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('hubspot', 'deals'), ['id'], 'hs_lastmodifieddate', is_vendor=true) }}
)

select
    id as deal_id,
    nullif(trim(pipeline), '') as pipeline_id,
    nullif(trim(dealstage), '') as stage_id,
    upper(nullif(trim(deal_currency_code), '')) as currency,
    closedate as closed_at,
    hs_is_closed_won as is_won,
    -- Of several companies, the text does not say which is the primary one.
    case when associated_company_id not like '%;%' then nullif(trim(associated_company_id), '') end as company_id,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
