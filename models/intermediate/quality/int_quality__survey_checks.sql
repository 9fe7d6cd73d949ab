-- one row per survey response check, and per survey type for the check of scores
with responses as (
    select * from {{ ref('unified_survey_responses') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

invitations as (
    select
        survey_type,
        sum(case when not is_valid_score then 1 else 0 end) as off_scale,
        sum(case when is_delivered and score is null then 1 else 0 end) as unanswered
    from {{ ref('int_sentiment__invitations') }}
    group by survey_type
),

survey_types as (
    {%- for survey_type in ['nps', 'csat', 'ces'] %}
    select '{{ survey_type }}' as survey_type
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

checks as (
    select
        'score_off_scale' as check_name,
        survey_types.survey_type as detail,
        coalesce(invitations.off_scale, 0) as rows_found,
        0 as expected,
        'Answers with a score off their scale (nps: whole, 0 to 10). They count as answered and in no score.'
            as description
    from survey_types
    left join invitations on survey_types.survey_type = invitations.survey_type
    union all
    select
        'invited_without_answer' as check_name,
        survey_types.survey_type as detail,
        coalesce(invitations.unanswered, 0) as rows_found,
        null as expected,
        'Delivered invitations without an answer by as_of. They count in response rates and in no score.'
            as description
    from survey_types
    left join invitations on survey_types.survey_type = invitations.survey_type
    union all
    select
        'internal_account' as check_name,
        'all' as detail,
        count(*) as rows_found,
        null as expected,
        'Answers and invitations of test and own accounts, which count nowhere.' as description
    from responses
    inner join accounts on responses.account_id = accounts.account_id
    where accounts.is_internal
    union all
    select
        'starts_after_as_of' as check_name,
        'all' as detail,
        count(*) as rows_found,
        null as expected,
        'Invitations after as_of. They count later.' as description
    from responses
    where coalesce(sent_at, responded_at) > {{ as_of() }}
)

select
    check_name,
    'survey_responses' as table_name,
    detail,
    cast(rows_found as bigint) as observed,
    cast(expected as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    description
from checks
