-- The request behind a job: kept where the headers name one, and nothing else is.
select plan(7);
select tests.act_as('service_role');
delete from public.outbox;
create function pg_temp.asked(headers jsonb) returns text language plpgsql as $$
declare kept text;
begin
  perform set_config('request.headers', headers::text, true);
  insert into public.outbox (name) values ('work') returning (request_id, trace, baggage)::text into kept;
  return kept;
end $$;

select is(pg_temp.asked('{"x-request-id": "0190a6c2-0000-7000-8000-000000000001", "sentry-trace": "0123456789abcdef0123456789abcdef-0123456789abcdef-1", "baggage": "a=b"}'),
  '(0190a6c2-0000-7000-8000-000000000001,0123456789abcdef0123456789abcdef-0123456789abcdef-1,a=b)', 'the ids of a call');
select is(pg_temp.asked('{}'), '(,,)', 'a call without any');
select is(pg_temp.asked('{"x-request-id": "0190A6C2-0000-7000-8000-000000000001", "sentry-trace": "x", "baggage": "\u0001"}'), '(,,)', 'what has another form is left out');
select is(pg_temp.asked(jsonb_build_object('x-request-id', E'0190a6c2-0000-7000-8000-000000000001\n', 'baggage', repeat('x', 1001))), '(,,)', 'or is too long');
do $$ begin perform set_config('request.headers', '', true); end $$;
select lives_ok($$insert into public.outbox (name) values ('work')$$, 'outside of a call there is none');
delete from public.outbox;
do $$ begin perform pg_temp.asked('{"x-request-id": "0190a6c2-0000-7000-8000-000000000001"}'); end $$;
select is((select c.request_id from public.claim_outbox() c), '0190a6c2-0000-7000-8000-000000000001'::uuid, 'who claims a job is told of it');
select throws_ok($$update public.outbox set request_id = null$$, '42501', null, 'and it never changes');
