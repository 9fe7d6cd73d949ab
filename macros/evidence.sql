{#- Rank of a kind of evidence for the history of a subscription; a lower rank is better. Rows that a plain export
    delivers as periods need no other evidence. -#}
{% macro evidence_rank(history_source) -%}
    case {{ history_source }}
        {%- for name in ['delivered', 'loader_history', 'events', 'deliveries', 'invoice_lines', 'snapshot'] %}
        when '{{ name }}' then {{ loop.index0 }}
        {%- endfor %}
    end
{%- endmacro %}

{#- Whether a kind of evidence only infers what was agreed. Invoice lines know no cancellation, and one snapshot knows
    nothing of the time before it. -#}
{% macro is_inferred(history_source) -%}
    {{ history_source }} in ('invoice_lines', 'snapshot')
{%- endmacro %}


{#- A query for the stretches of each key with the row of the best evidence that covers them. `evidence` names a relation
    with the columns of `key`, history_source, valid_from and valid_to. The rows of a key and source do not overlap.
    Inferred evidence does not extend a key beyond the end that better evidence knows. -#}
{% macro best_evidence(evidence, key) -%}
{%- set keys = key | join(', ') -%}
with all_instants as (
    select
        {{ keys }},
        valid_from as cut_at
    from {{ evidence }}
    union
    select
        {{ keys }},
        valid_to as cut_at
    from {{ evidence }}
    where valid_to is not null
),

stretches as (
    select
        *,
        lead(cut_at) over (partition by {{ keys }} order by cut_at) as next_cut_at
    from all_instants
),

sources as (
    select
        {{ keys }},
        history_source,
        max(max(case when {{ is_inferred('history_source') }} then null else coalesce(valid_to, {{ end_of_time() }}) end))
            over (partition by {{ keys }}) as known_end
    from {{ evidence }}
    group by {{ keys }}, history_source
),

-- The row of each source that started last, at every cut of the key.
started_rows as (
    select
        {{ prefixed('stretches', key) }},
        stretches.cut_at,
        stretches.next_cut_at,
        sources.history_source,
        sources.known_end,
        {{ last_known('started.valid_from') }} over (
            partition by {{ prefixed('stretches', key) }}, sources.history_source
            order by stretches.cut_at
            rows between unbounded preceding and current row
        ) as row_valid_from
    from stretches
    inner join sources on {{ equal_keys('stretches', 'sources', key) }}
    left join {{ evidence }} as started
        on
            {{ equal_keys('stretches', 'started', key) }}
            and sources.history_source = started.history_source
            and stretches.cut_at = started.valid_from
),

ranked_rows as (
    select
        evidence_rows.*,
        started_rows.cut_at,
        started_rows.next_cut_at,
        row_number() over (
            partition by {{ prefixed('started_rows', key) }}, started_rows.cut_at
            order by {{ evidence_rank('started_rows.history_source') }}
        ) as evidence_order
    from started_rows
    inner join {{ evidence }} as evidence_rows
        on
            {{ equal_keys('started_rows', 'evidence_rows', key) }}
            and started_rows.history_source = evidence_rows.history_source
            and started_rows.row_valid_from = evidence_rows.valid_from
    where
        coalesce(evidence_rows.valid_to > started_rows.cut_at, true)
        and (
            not {{ is_inferred('started_rows.history_source') }}
            or coalesce(started_rows.cut_at < started_rows.known_end, true)
        )
)

select * from ranked_rows
where evidence_order = 1
{%- endmacro %}


{#- A query that joins consecutive rows of a key with equal `terms`. The joined row takes the weakest evidence, unless
    rows with other evidence stay apart. -#}
{% macro join_neighbours(stretches, key, terms, carried=[], across_evidence=true) -%}
{%- set keys = key | join(', ') -%}
with neighbours as (
    select
        *,
        coalesce(
            lag(valid_to) over in_time = valid_from
            {%- for term in terms + ([] if across_evidence else ['history_source']) %}
            and {{ term }} is not distinct from lag({{ term }}) over in_time
            {%- endfor %},
            false
        ) as continues
    from {{ stretches }}
    window in_time as (partition by {{ keys }} order by valid_from)
),

runs as (
    select
        *,
        sum(case when continues then 0 else 1 end) over (
            partition by {{ keys }}
            order by valid_from
            rows between unbounded preceding and current row
        ) as run_number
    from neighbours
)

select
    {{ keys }},
    {%- for term in terms %}
    min({{ term }}) as {{ term }},
    {%- endfor %}
    min(valid_from) as valid_from,
    case when count(valid_to) = count(*) then max(valid_to) end as valid_to,
    {%- for column in carried %}
    {{ last_by(column, 'valid_from') }} as {{ column }},
    {%- endfor %}
    {{ last_by('history_source', evidence_rank('history_source')) }} as history_source,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from runs
group by {{ keys }}, run_number
{%- endmacro %}


{#- A time after every other, for comparisons with an open end. -#}
{% macro end_of_time() -%}
    cast('9999-12-31' as timestamp)
{%- endmacro %}

{#- The columns of a relation, for a select list. -#}
{% macro prefixed(relation, columns) -%}
    {%- set names = [] -%}
    {%- for column in columns -%}
        {%- do names.append(relation ~ '.' ~ column) -%}
    {%- endfor -%}
    {{ names | join(', ') }}
{%- endmacro %}

{#- The join condition of two relations with the same key. -#}
{% macro equal_keys(one, other, columns) -%}
    {%- set conditions = [] -%}
    {%- for column in columns -%}
        {%- do conditions.append(one ~ '.' ~ column ~ ' = ' ~ other ~ '.' ~ column) -%}
    {%- endfor -%}
    {{ conditions | join(' and ') }}
{%- endmacro %}
