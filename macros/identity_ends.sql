{#- Two CTEs, `walks` and `ends`: each record of `links` with the record at the end of its links. `links` has one row
    per linked record: source_system, source_key, account_system, account_key. A circle has no end, so `ends` lacks the
    records that lead into one. -#}
{% macro identity_ends(links) -%}
walks as (
    select
        source_system,
        source_key,
        account_system,
        account_key,
        1 as step
    from {{ links }}
    where source_system <> account_system or source_key <> account_key
    union all
    select
        walks.source_system,
        walks.source_key,
        next_links.account_system,
        next_links.account_key,
        walks.step + 1 as step
    from walks
    inner join {{ links }} as next_links
        on walks.account_system = next_links.source_system and walks.account_key = next_links.source_key
    where
        (next_links.source_system <> next_links.account_system or next_links.source_key <> next_links.account_key)
        and (walks.account_system <> walks.source_system or walks.account_key <> walks.source_key)
        and walks.step < 1000
),

ends as (
    select
        walks.source_system,
        walks.source_key,
        walks.account_system,
        walks.account_key
    from walks
    left join {{ links }} as next_links
        on
            walks.account_system = next_links.source_system
            and walks.account_key = next_links.source_key
            and (
                next_links.source_system <> next_links.account_system
                or next_links.source_key <> next_links.account_key
            )
    where next_links.source_key is null
)
{%- endmacro %}
