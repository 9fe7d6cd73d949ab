{#- The CTE `circles`: the subscriptions of the CTE `links` (subscription_id, replaces_subscription_id, is_override; one
    row per subscription) that lead back to themselves by way of an override, and how. Needs `with recursive`; a walk
    that does not come back ends after as many steps as there are links. -#}
{% macro link_circles() -%}
walks as (
    select
        subscription_id,
        replaces_subscription_id as reached_id,
        1 as step
    from links
    where is_override
    union all
    select
        walks.subscription_id,
        links.replaces_subscription_id as reached_id,
        walks.step + 1 as step
    from walks
    inner join links on walks.reached_id = links.subscription_id
    where
        walks.reached_id <> walks.subscription_id
        and walks.step < (select count(*) from links)
),

circles as (
    select
        walks.subscription_id,
        'it continues '
        || {{ dbt.listagg('walks.reached_id', "', which continues '", 'order by walks.step') }}
        || ': a circle' as problem
    from walks
    inner join (
        select subscription_id from walks
        where reached_id = subscription_id
    ) as closed on walks.subscription_id = closed.subscription_id
    group by walks.subscription_id
)
{%- endmacro %}
