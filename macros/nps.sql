{#- Net promoter categories (Bain): 9 and 10 are promoters, 0 to 6 are detractors. A mean of several answers may fall
    between them; 6.5 and 8.5 are passive. -#}
{% macro nps_category(score) -%}
    case
        when {{ score }} >= 9 then 'promoter'
        when {{ score }} <= 6 then 'detractor'
        when {{ score }} is not null then 'passive'
    end
{%- endmacro %}


{#- Net promoter score from weights of promoters, detractors and all voters; null without voters. -#}
{% macro nps(promoters, detractors, voters) -%}
    100 * {{ rate('(' ~ promoters ~ ') - (' ~ detractors ~ ')', voters) }}
{%- endmacro %}


{#- One end of the 95 % interval of a net promoter score: adjusted Wald (add 3/4 promoter, 3/4 detractor and 3 voters).
    It is clamped to the scale and always includes the score itself. It is null below two voters, who show no spread.
    `sign` is '-' or '+'; `size` is the effective number of voters.
    Source: Rocks 2016, as reported by MeasuringU, "Confidence intervals for Net Promoter Scores". -#}
{% macro nps_interval(sign, promoters, detractors, voters, size) -%}
    {%- set up = '((' ~ rate(promoters, voters) ~ ') * ' ~ size ~ ' + 0.75) / (' ~ size ~ ' + 3)' -%}
    {%- set down = '((' ~ rate(detractors, voters) ~ ') * ' ~ size ~ ' + 0.75) / (' ~ size ~ ' + 3)' -%}
    {%- set centre = '(' ~ up ~ ' - ' ~ down ~ ')' -%}
    {%- set outward, inward = ('least', 'greatest') if sign == '-' else ('greatest', 'least') -%}
    case
        -- Floating point may make the effective number of two equal votes slightly less than two.
        when {{ size }} >= 1.999999
            then {{ outward }}({{ nps(promoters, detractors, voters) }}, {{ inward }}({{ sign }}100, 100 * (
                {{ centre }} {{ sign }} {{ normal_95() }} * sqrt(
                    ({{ up }} + {{ down }} - {{ centre }} * {{ centre }}) / ({{ size }} + 3)
                )
            )))
    end
{%- endmacro %}


{#- Variance of a net promoter score as the mean of its votes, which are 100, 0 and -100. The formula is the plain one:
    shares of promoters and detractors, without added answers. `size` is the effective number of voters.
    Source: Cross Validated, "How can I calculate margin of error in a NPS (Net Promoter Score) result?". -#}
{% macro nps_variance(promoters, detractors, voters, size) -%}
    {%- set up, down = rate(promoters, voters), rate(detractors, voters) -%}
    10000 * ({{ up }} + {{ down }} - ({{ up }} - {{ down }}) * ({{ up }} - {{ down }})) / {{ size }}
{%- endmacro %}
