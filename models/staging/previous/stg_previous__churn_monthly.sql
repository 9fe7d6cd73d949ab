-- one row per complete month, slice and measure of churn_monthly in the release before
{{ measure_rows(source('previous', 'churn_monthly'), 'churn_monthly') }}
