-- one row per complete month, slice and measure in the release before
with mrr_monthly as (
    select * from {{ ref('stg_previous__mrr_monthly') }}
),

churn_monthly as (
    select * from {{ ref('stg_previous__churn_monthly') }}
)

select * from mrr_monthly
where measure_value is not null
union all
select * from churn_monthly
where measure_value is not null
