{#- Survey responses, once by month and once by quarter of the invitation. Answers belong to the period of their
    invitation, so that a response rate never exceeds 1. A month and a quarter each count their own answers
    (`is_vote`). -#}
{% macro responses_by_period(responses) -%}
    select
        {{ responses }}.*,
        period_types.period_type,
        case period_types.period_type
            when 'month' then {{ responses }}.is_counted_in_month
            else {{ responses }}.is_counted
        end as is_vote,
        cast(
            case period_types.period_type
                when 'month' then {{ dbt.date_trunc('month', local_time(responses ~ '.invited_at')) }}
                else {{ dbt.date_trunc('quarter', local_time(responses ~ '.invited_at')) }}
            end as date
        ) as period_start
    from {{ responses }}
    cross join (
        select 'month' as period_type
        union all
        select 'quarter' as period_type
    ) as period_types
{%- endmacro %}


{#- Whether the answers to the invitations of a month or quarter have arrived. -#}
{% macro is_mature(period_type, period_start) -%}
    {%- set period_end = 'cast(case ' ~ period_type ~ " when 'month' then " ~ dbt.dateadd('month', 1, period_start)
        ~ ' else ' ~ dbt.dateadd('month', 3, period_start) ~ ' end as timestamp)' -%}
    {{ dbt.dateadd('day', policy('nps_maturity_days'), utc_time(period_end)) }} <= {{ as_of() }}
{%- endmacro %}
