-- one row per batch and statement of a tracking system about a person or a group
{{ depends_on_events() }}
select * from {{ source('usage', 'ties') }}
