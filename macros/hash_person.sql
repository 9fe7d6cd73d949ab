{#- Stable pseudonym of a person, from an e-mail address or another personal key; null stays null. A keyed hash:
    without the key nobody can try addresses until one fits. The key is never part of the SQL. -#}
{% macro hash_person(expression) -%}
    {{ return(adapter.dispatch('hash_person', 'csw')(expression)) }}
{%- endmacro %}

{#- The key comes from a table of one row and one column `hash_key`, which only the role that builds may read. -#}
{% macro default__hash_person(expression) -%}
    {%- set relation = var('hash_key_relation', none) -%}
    {%- if not relation -%}
        {{ exceptions.raise_compiler_error("The variable hash_key_relation names no table with the key of the pseudonyms.") }}
    {%- endif -%}
    {%- set key = "(select hash_key from " ~ relation ~ ")" -%}
    sha2(concat({{ key }}, sha2(concat({{ key }}, lower(trim({{ expression }}))), 256)), 256)
{%- endmacro %}

{#- HMAC-SHA256, written out; orchestration/pseudonyms.py sets the two variables in every session. -#}
{% macro duckdb__hash_person(expression) -%}
    {%- set name = 'csw_test_hash' if var('unit_test_hash_key', false) else 'csw_hash' -%}
    sha256(
        {{ hash_block(name ~ '_outer') }}
        || unhex(sha256({{ hash_block(name ~ '_inner') }} || encode(lower(trim({{ expression }})))))
    )
{%- endmacro %}

{% macro hash_block(variable) -%}
    coalesce(
        cast(getvariable('{{ variable }}') as blob),
        cast(error('There is no key for the pseudonyms. Run csw prepare, or set CSW_HASH_KEY.') as blob)
    )
{%- endmacro %}
