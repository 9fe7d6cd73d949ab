-- one row per group of Segment and domain, and per mail domain of users
{{ config(enabled='segment' in var('connectors')) }}
{{ group_organizations('segment') }}
