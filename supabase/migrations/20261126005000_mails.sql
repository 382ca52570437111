-- E-mails that the platform itself sends to members: written in the transaction of the change they tell of, one for each person, sent by
-- the worker. The first one tells that an endpoint was switched off. (Mails of signing in are Supabase Auth's.)

create table public.mails (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null references public.organizations (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  kind text not null check (char_length(kind) between 1 and 60),
  detail jsonb not null default '{}',
  created_at timestamptz not null default now(),
  attempting_until timestamptz,
  ended_at timestamptz,
  outcome text check (outcome in ('sent', 'refused', 'unwanted', 'unconfigured')),
  check ((ended_at is null) = (outcome is null))
);
comment on table public.mails is 'One e-mail to one person. Its words are made when it is sent, from what detail names: ids only. attempting_until is the lease of the worker that is sending it now. Kept for 30 days.';
create index mails_org_id_idx on public.mails (org_id, created_at desc);
create index mails_user_id_idx on public.mails (user_id);
create index mails_open_idx on public.mails (created_at) where ended_at is null;

alter table public.mails enable row level security;
grant select, insert, update, delete on public.mails to service_role;
create trigger freeze_columns before update of id, org_id, user_id, kind, detail on public.mails
  for each row execute function private.freeze_columns('id', 'org_id', 'user_id', 'kind', 'detail');

-- Writes a mail to each owner and admin of an organization and enqueues its sending. Nobody gets two about the same within an hour:
-- what goes on and off all day must not fill a mailbox.
create function private.mail_admins(org uuid, mail_kind text, mail_detail jsonb, about text) returns void
language plpgsql
set search_path = ''
as $$
declare
  person record;
  mail uuid;
begin
  delete from public.mails m where m.created_at < pg_catalog.now() - interval '30 days';
  for person in
    select s.user_id from public.memberships s
    where s.org_id = org and s.role >= 'admin' and not exists (
      select 1 from public.mails m
      where m.user_id = s.user_id and m.org_id = org and m.kind = mail_kind and m.detail ->> about = mail_detail ->> about
        and m.created_at > pg_catalog.now() - interval '1 hour')
    order by s.user_id
  loop
    insert into public.mails (org_id, user_id, kind, detail) values (org, person.user_id, mail_kind, mail_detail) returning id into mail;
    perform private.enqueue('mail.send', org, pg_catalog.jsonb_build_object('mailId', mail), 'mail.send:' || mail);
  end loop;
end $$;
grant execute on function private.mail_admins(uuid, text, jsonb, text) to service_role;

-- Takes a mail up: null when there is nothing to do (ended, gone, or being sent by another worker). One whose reader is no admin any
-- more ends here. The language is the reader's, else that of whoever made the organization; null where neither has chosen one.
-- Returns {kind, detail, to, locale, orgId, orgName, orgSlug}.
create function public.begin_mail(mail uuid, lease_seconds integer default 60) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  taken public.mails;
  answer jsonb;
begin
  select m.* into taken from public.mails m
  where m.id = mail and m.ended_at is null and (m.attempting_until is null or m.attempting_until < pg_catalog.clock_timestamp())
  for update;
  if taken.id is null then
    return null;
  end if;
  select pg_catalog.jsonb_build_object('kind', taken.kind, 'detail', taken.detail, 'to', u.email,
    'locale', coalesce(u.raw_user_meta_data ->> 'locale', maker.raw_user_meta_data ->> 'locale'),
    'orgId', o.id, 'orgName', o.name, 'orgSlug', o.slug)
  into answer
  from public.memberships s
  join auth.users u on u.id = s.user_id
  join public.organizations o on o.id = s.org_id
  left join auth.users maker on maker.id = o.created_by
  where s.org_id = taken.org_id and s.user_id = taken.user_id and s.role >= 'admin';
  if answer ->> 'to' is null then
    update public.mails m set ended_at = pg_catalog.now(), outcome = 'unwanted' where m.id = mail;
    return null;
  end if;
  update public.mails m set attempting_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => lease_seconds) where m.id = mail;
  return answer;
end $$;
revoke execute on function public.begin_mail(uuid, integer) from public, anon, authenticated;
grant execute on function public.begin_mail(uuid, integer) to service_role;

-- Ends a mail: sent, refused by the mail server, unwanted (what it tells of is over), or unconfigured (nothing here sends mails).
create function public.end_mail(mail uuid, how text) returns void
language sql
set search_path = ''
as $$
  update public.mails m set ended_at = pg_catalog.now(), outcome = how, attempting_until = null where m.id = mail and m.ended_at is null
$$;
revoke execute on function public.end_mail(uuid, text) from public, anon, authenticated;
grant execute on function public.end_mail(uuid, text) to service_role;

-- Mails of the last two days that nobody has tried to send for an hour, which is longer than a job waits between two attempts: what a
-- lost queue has forgotten. They are put into the outbox again. Returns how many.
create function public.requeue_lost_mails(quiet_seconds integer default 3600) returns integer
language plpgsql
set search_path = ''
as $$
declare
  lost record;
  found_any integer := 0;
begin
  for lost in
    update public.mails m set attempting_until = pg_catalog.now()
    where m.id in (
      select q.id from public.mails q
      where q.ended_at is null and q.created_at > pg_catalog.now() - interval '2 days'
        and coalesce(q.attempting_until, q.created_at) < pg_catalog.now() - pg_catalog.make_interval(secs => quiet_seconds)
      order by q.created_at limit 500 for update skip locked)
    returning m.id, m.org_id
  loop
    perform private.enqueue('mail.send', lost.org_id, pg_catalog.jsonb_build_object('mailId', lost.id));
    found_any := found_any + 1;
  end loop;
  return found_any;
end $$;
revoke execute on function public.requeue_lost_mails(integer) from public, anon, authenticated;
grant execute on function public.requeue_lost_mails(integer) to service_role;

-- As before, and whoever can mend the receiver is told when its endpoint is switched off.
create or replace function public.end_webhook_attempt(delivery uuid, attempt integer, result jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  tried public.webhook_deliveries;
  succeeded boolean := (result ->> 'ok')::boolean;
  gone boolean := coalesce((result ->> 'gone')::boolean, false);
  wait double precision := (result ->> 'retryInSeconds')::double precision;
  due timestamptz;
begin
  update public.webhook_attempts a set duration_ms = (result ->> 'durationMs')::integer, status_code = (result ->> 'statusCode')::integer,
    failure = result ->> 'failure', request_headers = coalesce(result -> 'requestHeaders', '{}'),
    request_body = pg_catalog.left(result ->> 'requestBody', 20480), response_body = pg_catalog.left(result ->> 'responseBody', 4000)
  where a.delivery_id = delivery and a.attempt = end_webhook_attempt.attempt;
  select d.* into tried from public.webhook_deliveries d where d.id = delivery and d.status = 'pending' for update;
  if tried.id is null then
    return;
  end if;
  if succeeded then
    update public.webhook_deliveries d set status = 'delivered', next_attempt_at = null, attempting_until = null, ended_at = pg_catalog.now() where d.id = delivery;
    update public.webhook_endpoints e set failing_since = null, last_success_at = pg_catalog.now() where e.org_id = tried.org_id and e.id = tried.endpoint_id;
    return;
  end if;
  update public.webhook_endpoints e set failing_since = coalesce(e.failing_since, pg_catalog.now()) where e.org_id = tried.org_id and e.id = tried.endpoint_id;
  if not gone and wait is not null then
    due := pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => wait);
    update public.webhook_deliveries d set next_attempt_at = due, attempting_until = null where d.id = delivery;
    perform private.enqueue_delivery(tried.org_id, delivery, due);
    return;
  end if;
  update public.webhook_deliveries d set status = 'failed', next_attempt_at = null, attempting_until = null, ended_at = pg_catalog.now() where d.id = delivery;
  update public.webhook_endpoints e set status = 'disabled', disabled_reason = case when gone then 'gone' else 'failing' end
  where e.org_id = tried.org_id and e.id = tried.endpoint_id and e.status = 'enabled'
    and (gone or (e.failing_since <= tried.created_at + interval '1 minute' and not tried.is_replay));
  if found then
    update public.webhook_deliveries d set status = 'canceled', next_attempt_at = null, ended_at = pg_catalog.now()
    where d.org_id = tried.org_id and d.endpoint_id = tried.endpoint_id and d.status = 'pending' and d.attempting_until is null;
    perform private.mail_admins(tried.org_id, 'webhook.disabled',
      pg_catalog.jsonb_build_object('endpointId', tried.endpoint_id, 'deliveryId', delivery), 'endpointId');
  end if;
end $$;
