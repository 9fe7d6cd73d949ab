-- one row per subscription, version and add-on in the export
{{ config(enabled='recurly' in var('connectors')) }}
with subscription_add_ons_history_export as (
    {{ latest_version(
        source('recurly', 'subscription_add_ons_history_export'),
        ['subscription_uuid', 'version_uuid', 'add_on_code'],
        none,
        is_vendor=true
    ) }}
)

select
    subscription_uuid,
    version_uuid,
    add_on_code,
    version_started_at as version_at,
    version_ended_at,
    version_add_on_quantity,
    version_add_on_unit_amount,
    _batch_id,
    _loaded_at
from subscription_add_ons_history_export
