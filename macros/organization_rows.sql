{#- The rows of the branch `organizations`: each organization of a help desk with each of its domains, and the mail
    domains of persons without an organization, whose key is the domain itself. `organizations` and `domains` share
    `organization_id`; `persons` has `email` and `organization_id`. -#}
{% macro organization_rows(organizations, domains, persons) -%}
    select
        source_key,
        domain,
        min(case when is_deleted then 1 else 0 end) = 1 as is_deleted,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from (
        select
            organizations.organization_id as source_key,
            {{ company_domain('domains.domain') }} as domain,
            organizations.is_deleted,
            organizations._batch_id,
            organizations._loaded_at
        from {{ organizations }} as organizations
        left join {{ domains }} as domains
            on organizations.organization_id = domains.organization_id and not domains.is_deleted
        union all
        select
            {{ mail_domain('email') }} as source_key,
            {{ mail_domain('email') }} as domain,
            false as is_deleted,
            _batch_id,
            _loaded_at
        from {{ persons }}
        where organization_id is null
    ) as domains_of_organizations
    where source_key is not null
    group by source_key, domain
{%- endmacro %}
