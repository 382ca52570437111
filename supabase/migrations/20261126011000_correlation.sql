-- Each job knows the request that it comes of: the portal and the worker name it in headers of their calls (core/correlation.ts), and
-- the outbox keeps it beside the payload.

-- A header of the call that is being answered; null outside of one.
create function private.request_header(header text) returns text
language sql stable
set search_path = ''
as $$ select nullif(pg_catalog.current_setting('request.headers', true), '')::jsonb ->> header $$;
revoke execute on function private.request_header(text) from public, anon, authenticated;
grant execute on function private.request_header(text) to service_role;

-- Anybody who may call the database can send these headers: what is not an id, or not of the form of a trace, is left out.
create function private.request_id() returns uuid
language sql stable
set search_path = ''
as $$ select (pg_catalog.regexp_match(private.request_header('x-request-id'), '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'))[1]::uuid $$;
create function private.request_trace() returns text
language sql stable
set search_path = ''
as $$ select (pg_catalog.regexp_match(private.request_header('sentry-trace'), '^[0-9a-f]{32}-[0-9a-f]{16}(?:-[01])?$'))[1] $$;
create function private.request_baggage() returns text
language sql stable
set search_path = ''
as $$ select h.value from private.request_header('baggage') as h (value) where pg_catalog.char_length(h.value) <= 1000 and h.value ~ '^[\x20-\x7e]+$' $$;
revoke execute on function private.request_id(), private.request_trace(), private.request_baggage() from public, anon, authenticated;
grant execute on function private.request_id(), private.request_trace(), private.request_baggage() to service_role;

alter table public.outbox add column request_id uuid, add column trace text, add column baggage text;
alter table public.outbox
  alter column request_id set default private.request_id(),
  alter column trace set default private.request_trace(),
  alter column baggage set default private.request_baggage();
comment on column public.outbox.request_id is 'The request that the job comes of, by way of other jobs too: for logs alone.';
comment on column public.outbox.trace is 'Where its trace goes on (the header sentry-trace); baggage goes with it.';
drop trigger freeze_columns on public.outbox;
create trigger freeze_columns before update of id, org_id, name, payload, dedupe_key, request_id, trace, baggage on public.outbox
  for each row execute function private.freeze_columns('id', 'org_id', 'name', 'payload', 'dedupe_key', 'request_id', 'trace', 'baggage');

-- Claims up to batch_size due jobs for lease_seconds; a dispatcher that dies loses its lease and another claims them. Each lane
-- has `slots` jobs claimed or in the queue at most, of which jobs of rank 2 and above take half. Lanes are served by who waits longest;
-- within a lane, by ranks ({name: 0 first, 1 as usual, 2 last}) and then by age. Claimers exclude each other lane by lane, so that two
-- never fill the same slots and neither waits for the other.
drop function public.claim_outbox(integer, integer, integer, jsonb);
create function public.claim_outbox(batch_size integer default 50, lease_seconds integer default 30, slots integer default 1000, ranks jsonb default '{}')
returns table (id uuid, org_id uuid, name text, payload jsonb, created_at timestamptz, tries integer, turn integer, request_id uuid, trace text, baggage text)
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  paused text[] := array(select p.name from private.job_pauses p);
  lane record;
  used integer;
  used_last integer;
  taken integer := 0;
  more integer;
begin
  if '*' = any (paused) then
    return;
  end if;
  for lane in
    -- A jump from one (lane, name) to the next in the index, however many rows wait in each.
    with recursive pairs (org, name) as (
      (select coalesce(o.org_id, '00000000-0000-0000-0000-000000000000'), o.name from public.outbox o
       where o.sent_at is null and o.ended_at is null order by 1, 2 limit 1)
      union all
      select n.org, n.name from pairs p cross join lateral (
        select coalesce(o.org_id, '00000000-0000-0000-0000-000000000000') as org, o.name from public.outbox o
        where o.sent_at is null and o.ended_at is null
          and (coalesce(o.org_id, '00000000-0000-0000-0000-000000000000'), o.name) > (p.org, p.name)
        order by 1, 2 limit 1) n
    ), heads as (
      select p.org, p.name, h.available_at from pairs p cross join lateral (
        select o.available_at from public.outbox o
        where o.sent_at is null and o.ended_at is null and coalesce(o.org_id, '00000000-0000-0000-0000-000000000000') = p.org
          and o.name = p.name and o.available_at <= pg_catalog.now() and (o.claimed_until is null or o.claimed_until < pg_catalog.now())
        order by o.available_at limit 1) h
      where p.name <> all (paused)
    )
    select h.org, pg_catalog.array_agg(h.name) as names from heads h
    where (
      select count(*) from public.outbox o
      where o.ended_at is null and (o.sent_at is not null or o.claimed_until is not null)
        and coalesce(o.org_id, '00000000-0000-0000-0000-000000000000') = h.org
        and (o.sent_at is not null or o.claimed_until > pg_catalog.now())) < slots
    group by h.org order by min(h.available_at) limit batch_size
  loop
    exit when taken >= batch_size;
    continue when not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('outbox ' || lane.org, 0));
    -- Counted again now that nobody else claims here.
    select count(*), count(*) filter (where coalesce((ranks ->> o.name)::integer, 1) >= 2) into used, used_last
    from public.outbox o
    where o.ended_at is null and (o.sent_at is not null or o.claimed_until is not null)
      and coalesce(o.org_id, '00000000-0000-0000-0000-000000000000') = lane.org
      and (o.sent_at is not null or o.claimed_until > pg_catalog.now());
    return query
    with due as (
      select d.id, r.rank, d.available_at,
        pg_catalog.row_number() over (partition by r.rank >= 2 order by r.rank, d.available_at, d.id) as place
      from pg_catalog.unnest(lane.names) as n (name)
      cross join lateral (select coalesce((ranks ->> n.name)::integer, 1) as rank) r
      cross join lateral (
        select o.id, o.available_at from public.outbox o
        where o.sent_at is null and o.ended_at is null and coalesce(o.org_id, '00000000-0000-0000-0000-000000000000') = lane.org
          and o.name = n.name and o.available_at <= pg_catalog.now() and (o.claimed_until is null or o.claimed_until < pg_catalog.now())
        order by o.available_at limit slots) d
    ), chosen as (
      select d.id from due d where d.rank < 2 or d.place <= greatest(slots / 2, 1) - used_last
      order by d.rank, d.available_at, d.id limit least(greatest(slots - used, 0), batch_size - taken)
    )
    update public.outbox o set claimed_until = pg_catalog.now() + pg_catalog.make_interval(secs => lease_seconds)
    from chosen c where o.id = c.id and o.sent_at is null and o.ended_at is null
    returning o.id, o.org_id, o.name, o.payload, o.created_at, o.tries, o.turn, o.request_id, o.trace, o.baggage;
    get diagnostics more = row_count;
    taken := taken + more;
  end loop;
end $$;
revoke execute on function public.claim_outbox(integer, integer, integer, jsonb) from public, anon, authenticated;
grant execute on function public.claim_outbox(integer, integer, integer, jsonb) to service_role;
