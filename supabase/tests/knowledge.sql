-- Sources: adding, reading, publishing, searching and forgetting.
select plan(41);

create temporary table ids as
  select (select id from public.agents where public_id = 'agent-a') as a, (select id from public.agents where public_id = 'agent-b') as b,
    (select id from public.sources where org_id = tests.org('A')) as source_a, (select id from public.sources where org_id = tests.org('B')) as source_b,
    '01900000-0000-7000-8000-000000000001'::uuid as new_source;
grant select on ids to public;

-- Adding a file.
select tests.act_as('editor');
select is((select object_key from public.add_file_source(tests.org('A'), (select a from ids), (select new_source from ids), 'Каталог.pdf', 'application/pdf', 10, 'h')),
  (select tests.org('A') || '/' || a || '/' || new_source from ids), 'a file''s object key is made of ids');
select throws_ok($$select public.add_file_source(tests.org('A'), (select a from ids), (select new_source from ids), 'Again', 'text/plain', 1, 'h')$$, '23505', null, 'the same source is added once');
select throws_ok($$select public.add_file_source(tests.org('A'), (select b from ids), private.uuid_v7(), 'x', 'text/plain', 1, 'h')$$, 'P0002', 'No such agent', 'not to another organization''s agent');
select throws_ok($$select public.add_file_source(tests.org('B'), (select b from ids), private.uuid_v7(), 'x', 'text/plain', 1, 'h')$$, 'P0002', 'No such agent', 'nor in another organization');
select throws_ok($$select public.add_file_source(null, (select a from ids), private.uuid_v7(), 'x', 'text/plain', 1, 'h')$$, 'P0002', null, 'T20: nor in none');
select throws_ok($$select public.reread_source(tests.org('B'), (select source_b from ids))$$, 'P0002', 'No such source', 'another''s source is not found');
select throws_ok($$select public.reread_source(tests.org('A'), (select new_source from ids))$$, 'P0002', null, 'a source that waits already is not queued twice');
select is((select status from public.reread_source(tests.org('A'), (select source_a from ids))), 'queued', 'a ready one is');
select throws_ok($$select public.begin_source_version((select source_a from ids), 'h', 1, 1, 'en', 1)$$, '42501', null, 'reading is the worker''s alone');
select throws_ok($$insert into public.outbox (name) values ('source.read')$$, '42501', null, 'jobs come from functions, not from people');
select throws_ok($$select private.enqueue('source.read', tests.org('A'), '{}')$$, '42501', null, 'not even through the queue''s own');

select tests.act_as('viewer');
select throws_ok($$select public.add_file_source(tests.org('A'), (select a from ids), private.uuid_v7(), 'x', 'text/plain', 1, 'h')$$, 'P0002', null, 'T02: a viewer adds nothing');
select throws_ok($$select public.reread_source(tests.org('A'), (select source_a from ids))$$, 'P0002', null, 'T02: and re-reads nothing');
select tests.act_as('removed');
select throws_ok($$select public.add_file_source(tests.org('A'), (select a from ids), private.uuid_v7(), 'x', 'text/plain', 1, 'h')$$, 'P0002', null, 'T18: a removed admin adds nothing');
select tests.act_as('nobody');
select throws_ok($$select public.add_file_source(tests.org('A'), (select a from ids), private.uuid_v7(), 'x', 'text/plain', 1, 'h')$$, 'P0002', null, 'T20: nor does a session without a user');
select tests.act_as('postgres');
select is((select count(*)::int from public.outbox where payload ->> 'sourceId' = (select new_source::text from ids)), 1, 'the job to read it was written with it');

-- Reading it, every step twice.
select tests.act_as('service_role');
create temporary table reading as select public.begin_source_version((select new_source from ids), 'bytes-1', 3, 200, 'ru', 2) as id;
grant select on reading to public;
select is(public.begin_source_version((select new_source from ids), 'bytes-1', 3, 200, 'ru', 2), (select id from reading), 'beginning again finds the same reading');
select is(public.add_chunks((select id from reading), '[{"position": 0, "headingPath": ["Доставка"], "page": 1, "charStart": 0, "charEnd": 10, "body": "Ёлки привозим за три дня", "language": "ru", "contentHash": "1"}]'), 1, 'a first batch');
select is(public.add_chunks((select id from reading), '[{"position": 0, "headingPath": [], "charStart": 0, "charEnd": 10, "body": "again", "contentHash": "1"}, {"position": 1, "headingPath": [], "charStart": 10, "charEnd": 20, "body": "Second passage", "contentHash": "2"}]'), 2, 'a batch that was half stored already');
select is((select body from public.chunks where source_version_id = (select id from reading) and position = 0), 'Ёлки привозим за три дня', 'adds only what is missing');
select is((select status || ' ' || progress_done || '/' || progress_total from public.sources where id = (select new_source from ids)), 'indexing 2/2', 'the progress is kept');
select is_empty($$select 1 from public.search_chunks(tests.org('A'), (select a from ids), 'елка')$$, 'a reading is not searched before it is published');
select lives_ok($$select public.publish_source_version((select id from reading)); select public.publish_source_version((select id from reading))$$, 'publishing twice');
select is((select status from public.sources where id = (select new_source from ids)), 'ready', 'makes it ready');
select is((select count(*)::int from public.outbox where name = 'source.embed' and payload ->> 'versionId' = (select id::text from reading)), 1, 'and asks for its embeddings once');

-- Searching: A7, one's own agent only.
select is((select title from public.search_chunks(tests.org('A'), (select a from ids), 'доставляете ли елки?')), 'Каталог.pdf', 'е finds ё, in any form of the word');
select is_empty($$select 1 from public.search_chunks(tests.org('A'), (select b from ids), 'delivery')$$, 'A7: another''s agent under one''s own organization finds nothing');
select is_empty($$select 1 from public.search_chunks(tests.org('B'), (select a from ids), 'delivery')$$, 'A7: nor one''s own under another''s');
select is((select count(*)::int from public.search_chunks(tests.org('B'), (select b from ids), 'delivery')), 1, 'while B''s own finds B''s');
select lives_ok($$select public.search_chunks(tests.org('A'), (select a from ids), q) from (values (''), (' '), (''' | ! & ( :*'), ('a:*b<->c'), (repeat('word ', 5000)), (E'\\ '' " %_ $1;--')) v (q)$$, 'T59: any question is a question');
select tests.act_as('owner of B');
select is_empty($$select 1 from public.search_chunks(tests.org('A'), (select a from ids), 'delivery')$$, 'A7: another''s owner finds nothing in A');
select is((select count(*)::int from public.search_chunks(tests.org('B'), (select b from ids), 'delivery', 8, '[1,0,0]', 'm')), 1, 'and their own, by text and vector');

-- A new reading replaces the old one; one that comes late does nothing.
select tests.act_as('service_role');
create temporary table second as select public.begin_source_version((select new_source from ids), 'bytes-2', 3, 200, 'ru', 1) as id;
select isnt((select id from second), (select id from reading), 'other bytes are another reading');
select is((select count(*)::int from public.search_chunks(tests.org('A'), (select a from ids), 'елка')), 1, 'the old one still answers meanwhile');
do $$ begin perform public.add_chunks((select id from second), '[{"position": 0, "headingPath": [], "charStart": 0, "charEnd": 10, "body": "Берёзы", "contentHash": "3"}]'); end $$;
do $$ begin perform public.publish_source_version((select id from second)); end $$;
select is_empty($$select 1 from public.search_chunks(tests.org('A'), (select a from ids), 'елка')$$, 'and is gone afterwards');
select throws_ok($$update public.sources set current_version_id = (select current_version_id from public.sources where id = (select source_a from ids)) where id = (select new_source from ids); set constraints all immediate$$, '23503', null, 'a source shows only its own readings');

-- Deleting while it is read.
select tests.act_as('editor');
select isnt_empty($$delete from public.sources where id = (select new_source from ids) returning 1$$, 'an editor deletes a source');
select tests.act_as('service_role');
select is(public.begin_source_version((select new_source from ids), 'bytes-3', 1, 1, 'en', 1), null, 'the worker that comes later finds no source');
select is(public.add_chunks((select id from second), '[{"position": 1, "headingPath": [], "charStart": 0, "charEnd": 1, "body": "x", "contentHash": "4"}]'), null, 'one in the middle is told');
select lives_ok($$select public.publish_source_version((select id from second))$$, 'one at the end does nothing');
select is((select payload ->> 'objectKey' from public.outbox where dedupe_key = (select 'source.forget:' || new_source from ids)), (select tests.org('A') || '/' || a || '/' || new_source from ids), 'and the stored file is to be forgotten');
select * from finish();
