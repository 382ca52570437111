-- Ids and the search configuration.
select plan(9);

create temporary table made as select n, private.uuid_v7() as id, clock_timestamp() as at from generate_series(1, 2000) n;
select is((select count(distinct id)::int from made), 2000, 'two thousand ids, all different');
select is_empty($$select 1 from made where id::text !~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'$$, 'each a UUID of version 7 and the RFC''s variant');
select is_empty($$
  select 1 from made where abs(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint - extract(epoch from at) * 1000) > 5000$$, 'each carries the time it was made');
select is_empty($$
  select 1 from (select left(id::text, 13) as stamp, lag(left(id::text, 13)) over (order by n) as before from made) x where before > stamp$$, 'later ones sort later');

select is(private.to_search_vector('Ёлка') , private.to_search_vector('елки'), 'ё is е, and endings do not matter');
select ok(private.to_search_vector('Deliveries within the city') @@ to_tsquery('private.knowledge', 'delivery'), 'English words are stemmed as English');
select ok(private.to_search_vector('доставка по городу') @@ to_tsquery('private.knowledge', 'доставки'), 'Russian ones as Russian');
select is(private.to_search_vector(''), ''::tsvector, 'an empty text has no words');
select lives_ok($$select private.to_search_vector(repeat('слово word ', 20000))$$, 'a long one is no trouble');
select * from finish();
