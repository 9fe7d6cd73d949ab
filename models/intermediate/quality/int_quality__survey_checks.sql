-- one row per type of survey: answers that are off their scale
with answers as (
    select
        survey_type,
        sum(case when not is_valid_score then 1 else 0 end) as rows_found
    from {{ ref('int_sentiment__invitations') }}
    group by survey_type
),

types as (
    {%- for survey_type in ['nps', 'csat', 'ces'] %}
    select '{{ survey_type }}' as survey_type
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    'score_off_scale' as check_name,
    'survey_responses' as table_name,
    types.survey_type as detail,
    cast(coalesce(answers.rows_found, 0) as bigint) as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as mrr,
    'Answers with a score off their scale (nps: whole, 0 to 10). They count as answered and in no score.' as description
from types
left join answers on types.survey_type = answers.survey_type
