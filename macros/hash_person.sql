{#- Stable pseudonym of a person, from an e-mail address or another personal key; null stays null. HMAC-SHA256 with a
    secret key prevents a search by guessed addresses. The key is never part of the SQL. -#}
{% macro hash_person(expression) -%}
    {{ return(adapter.dispatch('hash_person', 'csw')(expression)) }}
{%- endmacro %}

{#- orchestration/dbt_runner/pseudonyms.py sets the two variables in every session. -#}
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

{#- The key comes from a relation with one row and the column `hash_key`. Only the role that builds may read it. -#}
{% macro spark__hash_person(expression) -%}
    sha2(
        concat(
            {{ spark_hash_block(92) }},
            unhex(sha2(concat({{ spark_hash_block(54) }}, encode(lower(trim({{ expression }})), 'utf-8')), 256))
        ),
        256
    )
{%- endmacro %}

{#- The key, padded to the 64 bytes of a SHA-256 block, with each byte xor `pad`: 92 for the outer hash, 54 for the
    inner one. -#}
{% macro spark_hash_block(pad) -%}
    {%- set relation = var('hash_key_relation', none) -%}
    {%- if execute and not relation -%}
        {%- do exceptions.raise_compiler_error(
            "There is no key for the pseudonyms. Name a relation with one row and the column hash_key: "
            "--vars '{hash_key_relation: <schema>.<table>}'."
        ) -%}
    {%- endif -%}
    {%- set key = 'if(octet_length(hash_key) > 64, unhex(sha2(hash_key, 256)), encode(hash_key, \'utf-8\'))' -%}
    coalesce(
        (
            select
                unhex(array_join(transform(
                    sequence(1, 127, 2),
                    place -> lpad(hex(cast(conv(substr(digits, place, 2), 16, 10) as integer) ^ {{ pad }}), 2, '0')
                ), ''))
            from (select rpad(hex({{ key }}), 128, '0') as digits from {{ relation }})
        ),
        raise_error('There is no row in {{ relation }}, which should hold the key of the pseudonyms.')
    )
{%- endmacro %}
