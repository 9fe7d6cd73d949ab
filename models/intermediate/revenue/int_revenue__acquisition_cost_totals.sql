-- one row per month and slice that acquisition costs belong to: the total and each channel
{{ config(materialized='view') }}
with costs as (
    select * from {{ ref('int_revenue__acquisition_costs') }}
    -- What no rate can value counts nowhere; _data_quality says how much it is.
    where acquisition_cost is not null
)

select
    month_number,
    'all' as dimension,
    'all' as dimension_value,
    cast(sum(acquisition_cost) as decimal(18, 4)) as acquisition_cost
from costs
group by month_number
{%- if 'acquisition_channel' in policy('slice_dimensions') %}
union all
select
    month_number,
    'acquisition_channel' as dimension,
    channel as dimension_value,
    cast(sum(acquisition_cost) as decimal(18, 4)) as acquisition_cost
from costs
group by month_number, channel
{%- endif %}
