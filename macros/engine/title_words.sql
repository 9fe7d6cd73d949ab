{#- The words of a text in lower case, with one space before and behind each. Every sign that is no letter or digit
    counts as a space. -#}
{% macro title_words(text) -%}
    {{ return(adapter.dispatch('title_words', 'csw')(text)) }}
{%- endmacro %}

{% macro duckdb__title_words(text) -%}
    ' ' || trim(regexp_replace(lower({{ text }}), '[^\p{L}\p{N}]+', ' ', 'g')) || ' '
{%- endmacro %}

{% macro spark__title_words(text) -%}
    concat(' ', trim(regexp_replace(lower({{ text }}), '[^\\p{L}\\p{N}]+', ' ')), ' ')
{%- endmacro %}
