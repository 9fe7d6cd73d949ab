-- one row per reference check and table with the reference
with accounts as (
    select * from {{ ref('int_quality__accounts') }}
),

key_links as (
    select * from {{ ref('unified_account_keys') }}
    where source_system <> 'generic' and match_rule = 'key'
),

ambiguous_keys as (
    select * from {{ ref('unified_account_links') }}
    where account_id is null
),

contacts as (
    select * from {{ ref('unified_contacts') }}
),

ambiguous_respondents as (
    select * from {{ ref('unified_respondents') }}
    where account_id is null
),

invoices as (
    select * from {{ ref('unified_invoices') }}
),

subscriptions as (
    select distinct
        source_system,
        subscription_id
    from {{ ref('int_quality__periods') }}
),

checks as (
    select
        'parent_unknown' as check_name,
        'accounts' as table_name,
        count(*) as observed,
        sum(mrr) as mrr,
        'Accounts with a parent that is no account. Money: their MRR.' as description
    from accounts
    where has_unknown_parent
    union all
    select
        'parent_circle' as check_name,
        'accounts' as table_name,
        count(*) as observed,
        sum(mrr) as mrr,
        'Accounts that are a parent of themselves, directly or by way of others. Money: their MRR.' as description
    from accounts
    where is_its_own_parent
    union all
    select
        'account_unknown' as check_name,
        'account_keys' as table_name,
        count(*) as observed,
        sum(accounts.mrr) as mrr,
        'Keys of other systems that belong to an account that the CRM lacks. Money: its MRR.' as description
    from key_links
    left join accounts on key_links.account_id = accounts.account_id
    where not coalesce(accounts.is_in_crm, false)
    union all
    select
        'key_of_several_accounts' as check_name,
        'account_keys' as table_name,
        count(*) as observed,
        sum(accounts.mrr) as mrr,
        'Keys that systems use for different accounts. They are linked to none. Money: MRR delivered under them.'
            as description
    from ambiguous_keys
    left join accounts on ambiguous_keys.source_key = accounts.account_id
    union all
    select
        'account_unknown' as check_name,
        'contacts' as table_name,
        count(*) as observed,
        null as mrr,
        'Contacts of accounts that the CRM lacks.' as description
    from contacts
    left join accounts on contacts.account_id = accounts.account_id
    where not coalesce(accounts.is_in_crm, false)
    union all
    select
        'address_of_several_accounts' as check_name,
        'contacts' as table_name,
        count(*) as observed,
        null as mrr,
        'Addresses that contacts of several accounts share. Answers from there are linked to none.' as description
    from ambiguous_respondents
    union all
    select
        'account_unknown' as check_name,
        'invoices' as table_name,
        count(*) as observed,
        null as mrr,
        'Invoices of accounts that neither the CRM nor billing knows.' as description
    from invoices
    left join accounts on invoices.account_id = accounts.account_id
    where accounts.account_id is null
    union all
    select
        'link_to_unknown' as check_name,
        'invoices' as table_name,
        count(*) as observed,
        null as mrr,
        'Invoices for a subscription that was not delivered. Neither payment nor refund counts for any other.'
            as description
    from invoices
    left join subscriptions
        on
            invoices.source_system = subscriptions.source_system
            and invoices.subscription_id = subscriptions.subscription_id
    where
        invoices.subscription_id is not null
        and subscriptions.subscription_id is null
)

select
    check_name,
    table_name,
    'all' as detail,
    observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(coalesce(mrr, case when table_name like 'account%' then 0 end) as decimal(18, 4)) as affected_mrr,
    description
from checks
