-- Mails and deliveries that are open although the ledger holds no job for them: a worker died between taking one up and ending it, and the job's
-- next try found it still taken. A job that waits, for its next try or in a pause, is not lost; one that was given up is an operator's to settle.

create index outbox_mail_send_idx on public.outbox ((payload ->> 'mailId')) where name = 'mail.send';

-- Puts such mails of the last two days into the outbox again. Returns how many.
create or replace function public.requeue_lost_mails(quiet_seconds integer default 300) returns integer
language plpgsql
set search_path = ''
as $$
declare
  lost record;
  found_any integer := 0;
begin
  for lost in
    select m.org_id, m.id from public.mails m
    where m.ended_at is null and m.created_at > pg_catalog.now() - interval '2 days'
      and m.created_at < pg_catalog.now() - pg_catalog.make_interval(secs => quiet_seconds)
      and (m.attempting_until is null or m.attempting_until < pg_catalog.now())
      and not exists (
        select 1 from public.outbox o
        where o.name = 'mail.send' and o.payload ->> 'mailId' = m.id::text
          and (o.ended_at is null or o.ended_at > pg_catalog.now() - pg_catalog.make_interval(secs => quiet_seconds)
            or exists (select 1 from private.dead_jobs d where d.id = o.id and d.retried_at is null)))
    order by m.created_at limit 500
  loop
    perform private.enqueue('mail.send', lost.org_id, pg_catalog.jsonb_build_object('mailId', lost.id));
    found_any := found_any + 1;
  end loop;
  return found_any;
end $$;

-- Puts such deliveries into the outbox again, and removes events that are over and older than 30 days. Returns how many.
create or replace function public.requeue_lost_deliveries(quiet_seconds integer default 300) returns integer
language plpgsql
set search_path = ''
as $$
declare
  lost record;
  found_any integer := 0;
begin
  for lost in
    select d.org_id, d.id from public.webhook_deliveries d
    where d.status = 'pending' and d.next_attempt_at < pg_catalog.now() - pg_catalog.make_interval(secs => quiet_seconds)
      and (d.attempting_until is null or d.attempting_until < pg_catalog.now())
      and not exists (
        select 1 from public.outbox o
        where o.name = 'webhook.deliver' and o.payload ->> 'deliveryId' = d.id::text
          and (o.ended_at is null or o.ended_at > pg_catalog.now() - pg_catalog.make_interval(secs => quiet_seconds)
            or exists (select 1 from private.dead_jobs g where g.id = o.id and g.retried_at is null)))
    order by d.next_attempt_at limit 500
  loop
    perform private.enqueue_delivery(lost.org_id, lost.id);
    found_any := found_any + 1;
  end loop;
  delete from public.webhook_events e where e.created_at < pg_catalog.now() - interval '30 days'
    and not exists (select 1 from public.webhook_deliveries d where d.org_id = e.org_id and d.event_id = e.id and d.status = 'pending');
  return found_any;
end $$;
