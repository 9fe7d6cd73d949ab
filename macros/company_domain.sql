{#- The internet domain in a web address: lower case, without scheme, www. and path. Null if there is none. -#}
{% macro company_domain(address) -%}
    nullif(
        regexp_extract(
            lower(trim({{ address }})), '^([a-z]+://)?(www[0-9]?[.])?([^/?#:@ ]+[.][^/?#:@ .]+)[.]?($|[/?#:])', 3
        ),
        ''
    )
{%- endmacro %}
