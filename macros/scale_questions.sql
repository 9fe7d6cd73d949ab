{#- The scale questions of the surveys of a system, with what seed survey_questions and seed survey_touchpoints say about
    them. `candidates` has one row per survey and question that the system itself shows to be a scale, with
    `default_type` (null if only the seed can tell), `default_max` (top of the scale, null if unknown) and
    `default_exception` (why it counts nowhere if the seed does not know it). `survey_type` is null for a question that
    no metric uses. -#}
{% macro scale_questions(system, candidates) -%}
    select
        coalesce(declared.survey_id, candidates.survey_id) as survey_id,
        coalesce(candidates.question, declared.question) as question,
        nullif(coalesce(declared.survey_type, candidates.default_type), 'none') as survey_type,
        coalesce(touchpoints.survey_kind, 'relational') as survey_kind,
        touchpoints.touchpoint,
        cast(
            case coalesce(declared.survey_type, candidates.default_type)
                when 'nps'
                    then
                        case
                            when declared.scale_max - declared.scale_min = 10 then 10
                            else coalesce(declared.scale_max, 10)
                        end
                when 'csat' then coalesce(declared.scale_max, candidates.default_max, 5)
                when 'ces' then coalesce(declared.scale_max, candidates.default_max, 7)
            end as bigint
        ) as scale_max,
        -- An NPS scale of eleven steps that does not begin at 0 is moved there.
        cast(
            case
                when coalesce(declared.survey_type, candidates.default_type) = 'nps'
                    and declared.scale_max - declared.scale_min = 10
                    then declared.scale_min
                else 0
            end as bigint
        ) as scale_offset,
        case
            when coalesce(declared.survey_type, candidates.default_type) is null then candidates.default_exception
        end as exception_reason
    from {{ candidates }} as candidates
    full outer join (
        select * from {{ ref('survey_questions') }}
        where system = '{{ system }}'
    ) as declared
        on
            candidates.survey_id = declared.survey_id
            and lower(candidates.question) = lower(declared.question)
    left join {{ ref('survey_touchpoints') }} as touchpoints
        on
            touchpoints.system = '{{ system }}'
            and coalesce(declared.survey_id, candidates.survey_id) = touchpoints.survey_id
{%- endmacro %}

{#- The id of an answer in its system. The first scale question of a response keeps the id of the response. -#}
{% macro answer_id(response_id, question) -%}
    case
        when row_number() over (partition by {{ response_id }} order by {{ question }}) = 1 then {{ response_id }}
        else {{ response_id }} || '#' || {{ question }}
    end
{%- endmacro %}
