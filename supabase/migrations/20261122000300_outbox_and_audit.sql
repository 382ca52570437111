-- Work that happens later, and the record of who did what.

create table public.outbox (
  id uuid primary key default private.uuid_v7(),
  org_id uuid references public.organizations (id) on delete cascade,
  name text not null check (char_length(name) between 1 and 80),
  payload jsonb not null default '{}',
  dedupe_key text unique,
  created_at timestamptz not null default now(),
  available_at timestamptz not null default now(),
  claimed_until timestamptz,
  sent_at timestamptz
);
comment on table public.outbox is 'Jobs to be queued, written in the transaction of the change that needs them. Payloads hold ids only, never content or secrets.';
create index outbox_unsent_idx on public.outbox (available_at) where sent_at is null;
create index outbox_org_id_idx on public.outbox (org_id);

alter table public.outbox enable row level security;
grant select, insert, update, delete on public.outbox to service_role;
create trigger freeze_columns before update of id, org_id, name, payload, dedupe_key on public.outbox
  for each row execute function private.freeze_columns('id', 'org_id', 'name', 'payload', 'dedupe_key');

-- Adds a job. Called inside the transaction of the change itself; a repeated dedupe key adds nothing.
create function private.enqueue(job_name text, job_org uuid, job_payload jsonb, job_dedupe text default null) returns void
language sql volatile security definer
set search_path = ''
as $$
  insert into public.outbox (org_id, name, payload, dedupe_key)
  values (job_org, job_name, job_payload, job_dedupe)
  on conflict (dedupe_key) do nothing
$$;
grant execute on function private.enqueue(text, uuid, jsonb, text) to service_role;

-- Claims up to batch_size unsent jobs for lease_seconds; a dispatcher that dies loses its lease and another claims them.
create function public.claim_outbox(batch_size integer default 50, lease_seconds integer default 30)
returns table (id uuid, org_id uuid, name text, payload jsonb, created_at timestamptz)
language sql volatile
set search_path = ''
as $$
  with due as (
    select o.id from public.outbox o
    where o.sent_at is null and o.available_at <= pg_catalog.now()
      and (o.claimed_until is null or o.claimed_until < pg_catalog.now())
    order by o.available_at, o.id
    limit batch_size
    for update skip locked
  )
  update public.outbox o
  set claimed_until = pg_catalog.now() + pg_catalog.make_interval(secs => lease_seconds)
  from due where o.id = due.id
  returning o.id, o.org_id, o.name, o.payload, o.created_at
$$;
grant execute on function public.claim_outbox(integer, integer) to service_role;

-- Marks jobs as handed to the queue. Sent rows are kept a week so that a lost queue can be rebuilt, then swept.
create function public.mark_outbox_sent(ids uuid[]) returns void
language sql volatile
set search_path = ''
as $$
  update public.outbox set sent_at = pg_catalog.now(), claimed_until = null where id = any (ids);
  delete from public.outbox where sent_at < pg_catalog.now() - interval '7 days';
$$;
grant execute on function public.mark_outbox_sent(uuid[]) to service_role;

create table public.audit_log (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null references public.organizations (id) on delete cascade,
  actor_id uuid,
  action text not null check (char_length(action) between 1 and 80),
  subject_type text not null,
  subject_id text,
  detail jsonb not null default '{}',
  created_at timestamptz not null default now()
);
comment on table public.audit_log is 'Who did what. Append-only, by grants and by triggers, short of deleting the organization.';
create index audit_log_org_id_idx on public.audit_log (org_id, created_at desc);

alter table public.audit_log enable row level security;
grant select on public.audit_log to authenticated;
grant select, insert on public.audit_log to service_role;
create policy "Admins read the audit log" on public.audit_log for select to authenticated
  using (org_id in (select private.my_org_ids('admin')));

-- Nobody rewrites the record, the server's own key included. Rows go only with their organization: by the time its
-- deletion reaches them, the organization itself is gone.
create function private.keep_audit_log() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' and not exists (select 1 from public.organizations o where o.id = old.org_id) then
    return old;
  end if;
  raise exception 'The audit log is append-only' using errcode = '42501';
end $$;
create trigger keep_audit_log before update or delete on public.audit_log
  for each row execute function private.keep_audit_log();
create trigger keep_audit_log_whole before truncate on public.audit_log
  for each statement execute function private.keep_audit_log();

-- Writes one audit row for a change, as the signed-in person (null: the platform itself). Secrets never enter detail.
create function private.audit() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  old_row jsonb := case when tg_op = 'INSERT' then null else to_jsonb(old) end;
  new_row jsonb := case when tg_op = 'DELETE' then null else to_jsonb(new) end;
  kept jsonb := coalesce(new_row, old_row);
  org uuid := coalesce(kept ->> 'org_id', kept ->> 'id')::uuid;
begin
  -- A cascade from a deleted organization leaves no organization to write about.
  if not exists (select 1 from public.organizations o where o.id = org) then
    return null;
  end if;
  insert into public.audit_log (org_id, actor_id, action, subject_type, subject_id, detail)
  values (
    org, (select auth.uid()), tg_table_name || '.' || lower(tg_op), tg_table_name,
    coalesce(kept ->> 'id', kept ->> 'user_id', kept ->> 'agent_id'),
    jsonb_strip_nulls(
      jsonb_build_object('name', kept -> 'name', 'role', kept -> 'role', 'origin', kept -> 'origin')
      || case when tg_op = 'UPDATE' then jsonb_build_object(
        'changed', (
          select coalesce(jsonb_agg(n.key order by n.key), '[]')
          from jsonb_each(new_row) n where old_row -> n.key is distinct from n.value and n.key <> 'updated_at'
        ),
        'role_before', case when old_row -> 'role' is distinct from new_row -> 'role' then old_row -> 'role' end
      ) else '{}' end
    )
  );
  return null;
end $$;

create trigger audit after insert or update or delete on public.memberships for each row execute function private.audit();
create trigger audit after insert or update on public.organizations for each row execute function private.audit();
