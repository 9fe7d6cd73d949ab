-- Links of overrides_subscription_links that form a circle with delivered links. Each subscription of a circle would
-- end where another one starts. overrides_are_well_formed finds circles of overrides alone before anything is built.
with links as (
    select
        subscription_id,
        max(replaces_subscription_id) as replaces_subscription_id,
        max(case when has_link_override then 1 else 0 end) = 1 as is_override
    from {{ ref('unified_subscription_periods') }}
    where replaces_subscription_id <> subscription_id
    group by subscription_id
),

circles as (
    {{ link_circles('links') }}
)

select
    'overrides_subscription_links' as seed,
    subscription_id as target,
    problem
from circles
order by target
