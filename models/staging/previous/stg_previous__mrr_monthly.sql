-- one row per complete month, slice and measure of mrr_monthly in the release before
{{ measure_rows(source('previous', 'mrr_monthly'), 'mrr_monthly') }}
