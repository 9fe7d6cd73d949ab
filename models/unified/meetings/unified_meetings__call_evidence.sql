-- one row per call and key, domain or address that may tell its account
{{ config(enabled='meetings' in var('connectors')) }}
with others as (
    select * from {{ ref('unified_meetings__participants') }}
    where not is_own
),

evidence as (
    select
        call_id,
        'reference' as match_rule,
        reference,
        _batch_id,
        _loaded_at
    from {{ ref('unified_meetings__references') }}
    union all
    select
        call_id,
        'domain' as match_rule,
        domain as reference,
        _batch_id,
        _loaded_at
    from others
    where domain is not null
    union all
    select
        call_id,
        'email' as match_rule,
        email_hash as reference,
        _batch_id,
        _loaded_at
    from others
    where email_hash is not null
)

select
    evidence.call_id,
    evidence.match_rule,
    evidence.reference,
    max(evidence._batch_id) as _batch_id,
    max(evidence._loaded_at) as _loaded_at
from evidence
inner join {{ ref('unified_meetings__calls') }} as calls on evidence.call_id = calls.call_id
group by evidence.call_id, evidence.match_rule, evidence.reference
