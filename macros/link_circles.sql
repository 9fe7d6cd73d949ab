{#- A query for the subscriptions whose links lead back to themselves from an override, with the path in words. `links`
    names a relation with one row per subscription: subscription_id, replaces_subscription_id, is_override. A walk that
    does not return stops after as many steps as there are links. -#}
{% macro link_circles(links) -%}
with recursive walks as (
    select
        subscription_id,
        replaces_subscription_id as reached_id,
        1 as step
    from {{ links }}
    where is_override
    union all
    select
        walks.subscription_id,
        next_links.replaces_subscription_id as reached_id,
        walks.step + 1 as step
    from walks
    inner join {{ links }} as next_links on walks.reached_id = next_links.subscription_id
    where
        walks.reached_id <> walks.subscription_id
        and walks.step < (select count(*) from {{ links }})
),

circles as (
    select subscription_id from walks
    where reached_id = subscription_id
)

select
    walks.subscription_id,
    'it continues '
    || {{ dbt.listagg('walks.reached_id', "', which continues '", 'order by walks.step') }}
    || ': a circle' as problem
from walks
inner join circles on walks.subscription_id = circles.subscription_id
group by walks.subscription_id
{%- endmacro %}
