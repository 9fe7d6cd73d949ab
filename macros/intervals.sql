{#- The value that a standard normal variable exceeds, up or down, with a probability of 5 %. -#}
{% macro normal_95() -%}
    1.959964
{%- endmacro %}


{#- One end of the 95 % interval of a share: Wilson's score interval. It lies within 0 and 1, contains the share, and is
    null without trials. `sign` is '-' or '+'.
    Source: Brown, Cai and DasGupta 2001, "Interval Estimation for a Binomial Proportion". -#}
{% macro share_interval(sign, successes, trials) -%}
    {%- set share = rate(successes, trials) -%}
    {%- set found, size = 'cast(' ~ successes ~ ' as double)', 'cast(' ~ trials ~ ' as double)' -%}
    {%- set squared = '(' ~ normal_95() ~ ' * ' ~ normal_95() ~ ')' -%}
    {%- set outward, inward, limit = ('least', 'greatest', 0) if sign == '-' else ('greatest', 'least', 1) -%}
    case
        when {{ trials }} > 0
            then {{ inward }}({{ limit }}, {{ outward }}({{ share }}, (
                {{ found }} + {{ squared }} / 2 {{ sign }} {{ normal_95() }} * sqrt(
                    {{ found }} * ({{ size }} - {{ found }}) / {{ size }} + {{ squared }} / 4
                )
            ) / ({{ size }} + {{ squared }})))
    end
{%- endmacro %}
