-- Visitors, conversations, messages, and the receipt of every answer.

create table public.visitors (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  agent_id uuid not null,
  locale text check (char_length(locale) <= 35),
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  unique (org_id, id),
  unique (agent_id, id),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade
);
comment on table public.visitors is 'A person on a customer''s site, known only by a token their browser keeps.';
create index visitors_agent_id_idx on public.visitors (agent_id, last_seen_at desc);

create table public.conversations (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  agent_id uuid not null,
  visitor_id uuid,
  client_id text not null check (char_length(client_id) between 1 and 100),
  channel text not null default 'widget' check (channel in ('widget', 'playground', 'api')),
  title text check (char_length(title) <= 200),
  locale text check (char_length(locale) <= 35),
  page_url text check (char_length(page_url) <= 2000),
  message_count integer not null default 0,
  created_by uuid,
  created_at timestamptz not null default now(),
  last_message_at timestamptz not null default now(),
  unique (org_id, id),
  unique (visitor_id, client_id),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade,
  -- The visitor is one of this very agent (and so of this organization).
  foreign key (agent_id, visitor_id) references public.visitors (agent_id, id) on delete cascade
);
comment on table public.conversations is 'A thread between one visitor (or a person in the playground, or an API key) and one agent. client_id is the id the visitor''s browser chose; visitors name their conversations by it, so another''s cannot even be named.';
create index conversations_agent_id_idx on public.conversations (agent_id, last_message_at desc);
create index conversations_visitor_id_idx on public.conversations (visitor_id, last_message_at desc);
create index conversations_org_id_idx on public.conversations (org_id, last_message_at desc);

create table public.messages (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  conversation_id uuid not null,
  parent_id uuid,
  author text not null check (author in ('visitor', 'agent', 'operator', 'system')),
  parts jsonb not null default '[]',
  body text not null default '',
  status text not null default 'complete' check (status in ('streaming', 'complete', 'stopped', 'failed')),
  client_id text check (char_length(client_id) <= 100),
  created_at timestamptz not null default now(),
  unique (org_id, id),
  unique (conversation_id, client_id),
  foreign key (org_id, conversation_id) references public.conversations (org_id, id) on delete cascade
);
comment on table public.messages is 'parts is the stream''s own vocabulary (core/chat-events.ts); body its plain text; client_id the id the visitor''s browser chose, so that a repeated send is one message.';
create index messages_conversation_id_idx on public.messages (conversation_id, created_at, id);

create table public.runs (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  agent_id uuid not null,
  agent_version_id uuid,
  conversation_id uuid not null,
  message_id uuid not null,
  status text not null default 'running' check (status in ('running', 'finished', 'stopped', 'failed')),
  outcome text check (outcome in ('answered', 'unanswered', 'stopped', 'failed')),
  responder text not null check (responder in ('model', 'quotes')),
  model text,
  provider text,
  prompt_hash text,
  prompt_tokens integer not null default 0,
  completion_tokens integer not null default 0,
  cached_tokens integer not null default 0,
  cost_micros bigint not null default 0,
  retrieval_ms integer,
  first_token_ms integer,
  total_ms integer,
  error_code text,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  unique (org_id, id),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade,
  foreign key (org_id, conversation_id) references public.conversations (org_id, id) on delete cascade,
  foreign key (org_id, message_id) references public.messages (org_id, id) on delete cascade
);
comment on table public.runs is 'One answer being produced: the receipt. cost_micros is millionths of a US dollar.';
create index runs_conversation_id_idx on public.runs (conversation_id, started_at desc);
create index runs_message_id_idx on public.runs (message_id);
create index runs_agent_id_idx on public.runs (agent_id, started_at desc);
create index runs_org_id_idx on public.runs (org_id, started_at desc);

create table public.run_passages (
  run_id uuid not null,
  org_id uuid not null,
  position integer not null,
  chunk_id uuid not null,
  chunk_hash text not null,
  score real not null,
  primary key (run_id, position),
  foreign key (org_id, run_id) references public.runs (org_id, id) on delete cascade
);
comment on table public.run_passages is 'What was retrieved for a run, best first. chunk_id may name a chunk that has since been replaced.';
create index run_passages_chunk_id_idx on public.run_passages (chunk_id);

create table public.citations (
  message_id uuid not null,
  org_id uuid not null,
  index integer not null check (index >= 1),
  source_id uuid,
  chunk_id uuid,
  title text not null,
  url text,
  page integer,
  heading_path text[] not null default '{}',
  quote text not null,
  passage text not null,
  char_start integer not null,
  char_end integer not null,
  primary key (message_id, index),
  foreign key (org_id, message_id) references public.messages (org_id, id) on delete cascade
);
comment on table public.citations is 'A validated quote: characters [char_start, char_end) of the source''s text, kept with the passage around it so that it stays readable after the source changes.';

create table public.feedback (
  message_id uuid primary key,
  org_id uuid not null,
  rating text not null check (rating in ('up', 'down')),
  comment text check (char_length(comment) <= 2000),
  created_at timestamptz not null default now(),
  foreign key (org_id, message_id) references public.messages (org_id, id) on delete cascade
);
comment on table public.feedback is 'The visitor''s rating of one answer; a second rating replaces the first.';

create table public.unanswered (
  id uuid primary key default private.uuid_v7(),
  org_id uuid not null,
  agent_id uuid not null,
  run_id uuid not null unique,
  question text not null,
  created_at timestamptz not null default now(),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade,
  foreign key (org_id, run_id) references public.runs (org_id, id) on delete cascade
);
comment on table public.unanswered is 'Questions the knowledge did not support an answer to.';
create index unanswered_agent_id_idx on public.unanswered (agent_id, created_at desc);

create table public.usage_daily (
  org_id uuid not null,
  agent_id uuid not null,
  day date not null,
  conversations integer not null default 0,
  answers integer not null default 0,
  unanswered integer not null default 0,
  prompt_tokens bigint not null default 0,
  completion_tokens bigint not null default 0,
  cost_micros bigint not null default 0,
  primary key (agent_id, day),
  foreign key (org_id, agent_id) references public.agents (org_id, id) on delete cascade
);
comment on table public.usage_daily is 'Per agent and UTC day, counted up in one statement as each run finishes.';
create index usage_daily_org_id_idx on public.usage_daily (org_id, day);

alter table public.visitors enable row level security;
alter table public.conversations enable row level security;
alter table public.messages enable row level security;
alter table public.runs enable row level security;
alter table public.run_passages enable row level security;
alter table public.citations enable row level security;
alter table public.feedback enable row level security;
alter table public.unanswered enable row level security;
alter table public.usage_daily enable row level security;

grant select on public.visitors, public.conversations, public.messages, public.runs, public.run_passages, public.citations,
  public.feedback, public.unanswered, public.usage_daily to authenticated;
grant delete on public.conversations to authenticated;
grant select, insert, update, delete on public.visitors, public.conversations, public.messages, public.runs, public.run_passages,
  public.citations, public.feedback, public.unanswered, public.usage_daily to service_role;

create policy "Members read visitors" on public.visitors for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Members read conversations" on public.conversations for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Admins delete conversations" on public.conversations for delete to authenticated using (org_id in (select private.my_org_ids('admin')));
create policy "Members read messages" on public.messages for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Members read runs" on public.runs for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Members read retrieved passages" on public.run_passages for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Members read citations" on public.citations for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Members read feedback" on public.feedback for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Members read unanswered questions" on public.unanswered for select to authenticated using (org_id in (select private.my_org_ids('viewer')));
create policy "Members read usage" on public.usage_daily for select to authenticated using (org_id in (select private.my_org_ids('viewer')));

create trigger freeze_columns before update of id, org_id, agent_id on public.visitors
  for each row execute function private.freeze_columns('id', 'org_id', 'agent_id');
create trigger freeze_columns before update of id, org_id, agent_id, visitor_id, client_id on public.conversations
  for each row execute function private.freeze_columns('id', 'org_id', 'agent_id', 'visitor_id', 'client_id');
create trigger freeze_columns before update of id, org_id, conversation_id on public.messages
  for each row execute function private.freeze_columns('id', 'org_id', 'conversation_id');
create trigger freeze_columns before update of id, org_id, agent_id, conversation_id, message_id on public.runs
  for each row execute function private.freeze_columns('id', 'org_id', 'agent_id', 'conversation_id', 'message_id');
create trigger freeze_columns before update of run_id, org_id, chunk_id on public.run_passages
  for each row execute function private.freeze_columns('run_id', 'org_id', 'chunk_id');
create trigger freeze_columns before update of message_id, org_id on public.citations
  for each row execute function private.freeze_columns('message_id', 'org_id');
create trigger freeze_columns before update of message_id, org_id on public.feedback
  for each row execute function private.freeze_columns('message_id', 'org_id');
create trigger freeze_columns before update of id, org_id, agent_id, run_id on public.unanswered
  for each row execute function private.freeze_columns('id', 'org_id', 'agent_id', 'run_id');
create trigger freeze_columns before update of org_id, agent_id, day on public.usage_daily
  for each row execute function private.freeze_columns('org_id', 'agent_id', 'day');
create trigger audit after delete on public.conversations for each row execute function private.audit();
