-- Activated, matured and seen accounts are parts of the accounts of a cohort, and half of them get value before three
-- quarters do.
select
    signup_month,
    dimension,
    dimension_value
from {{ ref('onboarding_cohorts') }}
where
    activated_accounts > matured_accounts
    or accounts_with_value > accounts
    or matured_accounts > accounts
    or seen_accounts > accounts
    or one_and_done_accounts > seen_accounts
    or one_and_done_users > users
    or late_milestones > milestones_due
    or activation_rate not between 0 and 1
    or median_days_to_value < 0
    or median_days_to_value > p75_days_to_value
