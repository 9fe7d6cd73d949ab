-- one row per group of PostHog and domain, and per mail domain of users
{{ config(enabled='posthog' in var('connectors')) }}
{{ group_organizations('posthog') }}
