{#- Two CTEs, `walks` and `ends`: each record of `links` with the record at the end of its links. `links` has one row
    per linked record: source_system, source_key, account_system, account_key. A circle has no end, so `ends` lacks the
    records that lead into one. Each walk remembers the record that it reached at the last step that was a power of two.
    It stops when it comes back to that record, so a circle costs a few rounds, also for a record that leads into it. -#}
{% macro identity_ends(links) -%}
walks as (
    select
        source_system,
        source_key,
        account_system,
        account_key,
        account_system as mark_system,
        account_key as mark_key,
        1 as step,
        2 as next_mark
    from {{ links }}
    where source_system <> account_system or source_key <> account_key
    union all
    select
        walks.source_system,
        walks.source_key,
        next_links.account_system,
        next_links.account_key,
        case
            when walks.step + 1 = walks.next_mark then next_links.account_system else walks.mark_system
        end as mark_system,
        case when walks.step + 1 = walks.next_mark then next_links.account_key else walks.mark_key end as mark_key,
        walks.step + 1 as step,
        case when walks.step + 1 = walks.next_mark then 2 * walks.next_mark else walks.next_mark end as next_mark
    from walks
    inner join {{ links }} as next_links
        on walks.account_system = next_links.source_system and walks.account_key = next_links.source_key
    where
        (next_links.source_system <> next_links.account_system or next_links.source_key <> next_links.account_key)
        and (next_links.account_system <> walks.mark_system or next_links.account_key <> walks.mark_key)
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
