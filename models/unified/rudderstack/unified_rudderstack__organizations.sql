-- one row per group of RudderStack and domain, and per mail domain of users
{{ config(enabled='rudderstack' in var('connectors')) }}
{{ group_organizations('rudderstack') }}
