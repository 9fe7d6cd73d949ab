-- one row per record whose domains belong to one account of an earlier CRM
{{ config(enabled=has_identity()) }}
with records as (
    select * from {{ ref('unified_identity__records') }}
),

domains as (
    select * from {{ ref('unified_identity__domains') }}
),

{% if has_branch('organizations') -%}
organizations as (
    {{- union_branches('organizations', ['source_key', 'domain']) }}
),

{% endif -%}
decided as (
    {{ identity_decisions(['key', 'merge', 'reference']) }}
),

candidates as (
    select
        source_system,
        source_key,
        system_rank,
        domain
    from records
    {%- if has_branch('organizations') %}
    union all
    select
        source_system,
        source_key,
        {{ system_rank('source_system') }} as system_rank,
        {{ company_domain('domain') }} as domain
    from organizations
    {%- endif %}
)

select
    candidates.source_system,
    candidates.source_key,
    min(domains.account_system) as account_system,
    min(domains.account_key) as account_key,
    min(candidates.domain) as evidence
from candidates
inner join domains on candidates.domain = domains.domain and candidates.system_rank > domains.account_rank
left join decided on candidates.source_system = decided.source_system and candidates.source_key = decided.source_key
where domains.account_key is not null and decided.source_key is null
group by candidates.source_system, candidates.source_key
-- An organization of a help desk may have domains of several accounts. Then they identify none.
having
    min(domains.account_system) = max(domains.account_system) and min(domains.account_key) = max(domains.account_key)
