-- one row per line item of HubSpot, in its latest version
{{ config(enabled='hubspot' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('hubspot', 'line_items'), ['id'], 'hs_lastmodifieddate', is_vendor=true) }}
)

select
    id as line_item_id,
    nullif(trim(deal_id), '') as deal_id,
    coalesce(amount, cast(quantity as decimal(18, 6)) * cast(price as decimal(18, 8))) as interval_amount,
    hs_tcv as term_amount,
    lower(nullif(trim(recurringbillingfrequency), '')) as billing_frequency,
    upper(nullif(trim(hs_recurring_billing_period), '')) as billing_period,
    hs_recurring_billing_start_date as starts_on,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
