-- one row per group of PostHog, whose id may be a key of another system
{{ config(enabled='posthog' in var('connectors')) }}
{{ group_references('posthog') }}
