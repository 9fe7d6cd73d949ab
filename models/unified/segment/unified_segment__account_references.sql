-- one row per group of Segment, whose id may be a key of another system
{{ config(enabled='segment' in var('connectors')) }}
{{ group_references('segment') }}
