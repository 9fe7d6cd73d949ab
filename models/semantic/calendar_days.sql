-- one row per day from 1990 to 2099
with numbers as (
    select {{ expand_numbers('0', '40176') }} as number
)

select cast({{ dbt.dateadd('day', 'number', "cast('1990-01-01' as date)") }} as date) as day_on
from numbers
