-- one row per policy in the release before
select
    policy,
    value_in_force
from {{ source('previous', 'policies') }}
