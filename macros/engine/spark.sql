{#- These macros override those of dbt-spark, because dbt searches the project first. -#}

{#- The macro of dbt-spark adds only whole seconds. -#}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    dateadd({{ datepart }}, cast({{ interval }} as integer), {{ from_date_or_timestamp }})
{%- endmacro %}


{#- The macro of dbt-spark ignores the order. -#}
{% macro spark__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
    listagg({{ measure }}, {{ delimiter_text }}) within group ({{ order_by_clause }})
{%- endmacro %}


{#- Parquet tables have no constraints, so count the nulls of a new table in columns that are not_null by contract. -#}
{% macro spark__persist_constraints(relation, model) %}
    {%- set required = [] -%}
    {%- for column in model.columns.values() if column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
        {%- do required.append(column.name) -%}
    {%- endfor -%}
    {%- if config.get('contract').enforced and required -%}
        {%- set query -%}
            select
                {%- for column in required %}
                count_if({{ adapter.quote(column) }} is null) as {{ adapter.quote(column) }}{{ ',' if not loop.last }}
                {%- endfor %}
            from {{ relation }}
        {%- endset -%}
        {%- set found = run_query(query).rows[0] -%}
        {%- for column in required if found[column] > 0 -%}
            {%- do exceptions.raise_compiler_error(
                relation ~ ': column ' ~ column ~ ' must not be null, and is null in ' ~ found[column] ~ ' rows.'
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}


{#- The macro of dbt-spark loads an empty cell as the text None. -#}
{% macro spark__load_csv_rows(model, agate_table) %}
    {%- set types = model.config.column_types -%}
    {%- set query -%}
        insert into {{ this }} values
        {%- for row in agate_table.rows %}
        (
            {%- for name in agate_table.column_names -%}
            {%- set text = row[name] | string | replace('\\', '\\\\') | replace("'", "\\'") -%}
            cast({{ 'null' if row[name] is none else "'" ~ text ~ "'" }} as {{ types[name] }}){{ ', ' if not loop.last }}
            {%- endfor -%}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    {%- if agate_table.rows | length > 0 -%}
        {%- do run_query(query) -%}
    {%- endif -%}
    {{ return(query) }}
{% endmacro %}
