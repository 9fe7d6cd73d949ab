-- one row per complete month, slice and measure in the previous release
with measures as (
    {{ measure_rows(source('previous', 'mrr_monthly'), 'mrr_monthly') }}
    union all
    {{ measure_rows(source('previous', 'churn_monthly'), 'churn_monthly') }}
)

select * from measures
where measure_value is not null
