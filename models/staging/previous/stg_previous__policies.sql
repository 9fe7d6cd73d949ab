-- one row per policy in the previous release
select
    policy,
    value_in_force
from {{ source('previous', 'policies') }}
