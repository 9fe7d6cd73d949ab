{#- Models are made under their own name, within one transaction. dbt-duckdb makes them under a second name,
    moves the old one to a third and renames twice, for readers of the same file; here nobody else can open
    the file while dbt builds, and half of what dbt adds to a small model's time was spent on names. -#}
{% materialization table, adapter='duckdb' %}
    {{ return(make_in_place('table')) }}
{% endmaterialization %}


{% materialization view, adapter='duckdb' %}
    {{ return(make_in_place('view')) }}
{% endmaterialization %}


{% macro make_in_place(type) %}
    {%- set relation = this.incorporate(type=type) -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing is not none %}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif %}
    {%- call statement('main') -%}
        {%- if type == 'view' -%}
            {{ get_create_view_as_sql(relation, compiled_code) }}
        {%- else -%}
            {{ create_table_as(False, relation, compiled_code) }}
        {%- endif -%}
    {%- endcall -%}
    {%- if type == 'table' %}
        {%- do create_indexes(relation) -%}
    {%- endif %}
    {%- do persist_docs(relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [relation]}) }}
{% endmacro %}
