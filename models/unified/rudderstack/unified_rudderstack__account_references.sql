-- one row per group of RudderStack, whose id may be a key of another system
{{ config(enabled='rudderstack' in var('connectors')) }}
{{ group_references('rudderstack') }}
