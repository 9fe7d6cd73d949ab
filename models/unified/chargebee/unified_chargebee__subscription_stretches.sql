-- one row per subscription, origin, evidence and stretch at which one version holds
{{ config(enabled='chargebee' in var('connectors')) }}
{{ subscription_stretches(
    ref('unified_chargebee__subscription_versions'),
    carried=['customer_key', 'currency', 'interval_unit', 'interval_count']
) }}
