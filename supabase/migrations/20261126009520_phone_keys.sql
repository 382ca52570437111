-- The same key for a phone number as in core/phones.ts: what is written with its country's code, by "+" or "00", is no Russian 8.

create or replace function private.phone_key(phone text) returns text
language sql immutable
set search_path = ''
as $$
  select case
    when pg_catalog.char_length(d.key) < 7 then null
    else pg_catalog.left(d.key, 40) end
  from (
    select case
      when n.written like '+%' then n.digits
      when n.written like '00%' then pg_catalog.substr(n.digits, 3)
      when n.digits ~ '^8\d{10}$' then '7' || pg_catalog.substr(n.digits, 2)
      else n.digits end as key
    from (
      select pg_catalog.regexp_replace(coalesce(phone, ''), '[^0-9]', '', 'g') as digits,
        pg_catalog.regexp_replace(coalesce(phone, ''), '^\s+', '') as written
    ) n
  ) d
$$;
-- Keys that were made by the old rule.
update public.crm_contacts k set phone_key = private.phone_key(k.phone) where k.phone_key is distinct from private.phone_key(k.phone);
