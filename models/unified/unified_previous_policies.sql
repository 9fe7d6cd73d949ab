-- one row per policy in the release before
select
    policy,
    value_in_force
from {{ ref('stg_previous__policies') }}
