-- one row per meeting and participant with an address, and per meeting one row for all others of a kind
{{ config(enabled='meetings' in var('connectors')) }}
{%- set own_domains = var('own_domains') %}
with meetings as (
    select * from {{ ref('unified_meetings__meetings') }}
),

found as (
    select
        meetings.call_id,
        {{ hash_person('participants.email') }} as email_hash,
        {{ mail_domain('participants.email') }} as domain,
        coalesce(participants.affiliation = lower(recorders.own_affiliation), false) as is_marked_own,
        participants._batch_id,
        participants._loaded_at
    from {{ ref('stg_meetings__participants') }} as participants
    inner join meetings on {{ of_meeting('participants', 'meetings') }}
    left join {{ ref('meeting_recorders') }} as recorders on participants.recorder = recorders.recorder
    where not participants.is_deleted
    union all
    select
        call_id,
        organizer_hash as email_hash,
        organizer_domain as domain,
        false as is_marked_own,
        _batch_id,
        _loaded_at
    from meetings
    where organizer_hash is not null
),

known as (
    select
        found.*,
        free_mail.domain is not null as has_free_mail,
        {% for domain in ([own_domains] if own_domains is string else own_domains) -%}
        coalesce(found.domain = '{{ domain | lower | trim }}', false) or {% endfor -%}
        max(case when found.is_marked_own then 1 else 0 end) over (
            partition by found.call_id, found.email_hash,
                case when found.email_hash is null then found.is_marked_own end
        ) = 1 as is_own
    from found
    left join {{ ref('free_mail_domains') }} as free_mail on found.domain = free_mail.domain
)

select
    call_id,
    email_hash,
    max(case when not has_free_mail then domain end) as domain,
    is_own,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from known
group by call_id, email_hash, is_own
