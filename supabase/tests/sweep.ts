/**
 * Functions that run with their owner's rights, each with the reason it must. Adding one is a decision: say why, and check that
 * it verifies its caller itself, because Row Level Security does not apply inside.
 */
export const SECURITY_DEFINERS: Record<string, string> = {
  "private.my_org_ids": "policies on memberships ask it, and would recurse into themselves; it looks only at auth.uid()'s own rows",
  "private.keep_an_owner": "trigger: must count all owners, also those the caller cannot see",
  "private.enqueue": "people have no access to the outbox; only functions and the server may call it",
  "private.keep_audit_log": "trigger: must see whether the organization still exists, past the caller's policies",
  "private.audit": "trigger: people have no right to write the audit log",
  "private.forget_source_object": "trigger: people have no access to the outbox",
  "public.create_organization": "makes the first membership, which no policy allows; takes the owner from auth.uid()",
  "public.add_file_source": "writes a source and its job in one transaction; checks that the caller is an editor of the organization",
  "public.reread_source": "changes a source's status and writes its job; checks that the caller is an editor of the organization",
  "private.raise_usage_alerts": "trigger: people have no right to write usage alerts; writes only about the budget that was just set",
  "public.replay_webhooks": "writes deliveries and their jobs; checks that the caller is an admin of the organization",
  "public.test_webhook": "writes an event, its delivery and its job; checks that the caller is an admin of the organization",
  "public.rotate_webhook_secret":
    "moves a sealed secret, which people may not read; checks that the caller is an admin of the organization",
  "public.begin_crm_sign_in": "people may not write sign-ins; checks that the caller is an admin of the organization",
  "public.take_crm_sign_in": "uses a sign-in up; only for the person and browser that began it and who is still an admin there",
  "public.reauthorize_connection":
    "puts a sealed grant in place, which people may not read; checks that the caller is an admin of the organization",
  "public.change_connection": "writes the job that takes leave of a CRM; checks that the caller is an admin of the organization",
  "public.push_to_crm": "writes what is to be synced and its job; checks that the caller is an operator of the organization",
  "public.retry_inbound_event": "changes an event and writes its job; checks that the caller is an admin of the organization",
  "public.dismiss_inbound_event": "people may not change events; checks that the caller is an admin of the organization",
  "private.arrange_crm_pull": "trigger: people may change settings but have no right to what was read and to the outbox",
  "public.connection_names": "operators may not read connections, whose names stand beside conversations; answers only operators",
  "private.set_up_connection": "trigger: people have no access to the outbox",
  "private.push_lead": "trigger: writes what is to be synced and its job, of the row's own organization",
  "private.push_handoff": "trigger: writes what is to be synced and its job, of the row's own organization",
  "private.push_ended_conversation": "trigger: writes what is to be synced and its job, of the row's own organization",
  "private.push_qualified": "trigger: writes what is to be synced and its job, of the row's own organization",
  "private.erase_in_crms": "trigger: people may delete conversations but have no right to the links and the outbox",
  "private.cap_webhook_endpoints": "trigger: must count all endpoints of the organization, and locks its row",
  "public.begin_mail": "reads the reader's e-mail address and language from auth.users; only the server may call it",
  "public.is_platform_admin": "people may not read who runs the platform; looks only at auth.uid()'s own row",
  "public.add_platform_admin": "finds a person by their address in auth.users; for the server's own key alone",
  "public.queue_overview": "reads the ledger of jobs, which people may not; checks that the caller runs the platform",
  "public.pause_jobs": "writes what is paused; checks that the caller runs the platform",
  "public.settle_dead_jobs": "writes jobs and dead letters; checks that the caller runs the platform",
  "public.platform_figures": "counts over all organizations and auth.users; for the server's own key alone",
  "public.platform_status": "counts over all organizations and auth.users; checks that the caller runs the platform",
  "public.deployment_facts":
    "reads the ledger of migrations and which tables are under Row Level Security; no rows of anybody; only the server may call it",
  "public.list_members": "reads e-mail addresses from auth.users, which people may not; answers only members of the organization",
};

/** Functions that a signed-in person may call over the API; all others are for the server's own key. */
export const CALLABLE_BY_PEOPLE = [
  "is_platform_admin",
  "queue_overview",
  "platform_status",
  "pause_jobs",
  "settle_dead_jobs",
  "create_organization",
  "save_agent",
  "change_agent_settings",
  "action_use",
  "add_file_source",
  "reread_source",
  "search_chunks",
  "list_members",
  "budget_use",
  "replay_webhooks",
  "test_webhook",
  "rotate_webhook_secret",
  "begin_crm_sign_in",
  "take_crm_sign_in",
  "reauthorize_connection",
  "change_connection",
  "crm_context",
  "crm_push_facts",
  "dismiss_inbound_event",
  "push_to_crm",
  "retry_inbound_event",
  "connection_names",
];

/** Tables that no person may read, and that therefore have no policy. */
export const WITHOUT_POLICIES = ["outbox", "idempotency_keys", "connection_sign_ins", "mails"];

const list = (names: string[]) => names.map((name) => `'${name}'`).join(", ");
const OURS = "n.nspname in ('public', 'private') and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')";

export type Check = {
  /** What must not be. */
  name: string;
  /** Selects the offenders as text, one a row. */
  sql: string;
  /** Makes an offender; run in a transaction that is undone, it must be found. */
  canary: string;
};

/** What must hold for every object in the database, including those that nobody has thought of yet. */
export const CHECKS: Check[] = [
  {
    name: "T21: a table without Row Level Security",
    sql: `select c.relname as what from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relrowsecurity`,
    canary: "create table public.canary (id uuid primary key)",
  },
  {
    name: "T21: a right on a table, view or column for anonymous callers",
    sql: `select c.relname || ': ' || a.privilege_type as what from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
          where n.nspname in ('public', 'private') and a.grantee in (0, 'anon'::regrole)
          union all
          select c.relname || '.' || t.attname || ': ' || a.privilege_type from pg_class c join pg_namespace n on n.oid = c.relnamespace
          join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a
          where n.nspname in ('public', 'private') and a.grantee in (0, 'anon'::regrole)`,
    canary: "grant select (name) on public.agents to anon",
  },
  {
    name: "a right that goes past Row Level Security (truncate, references, trigger)",
    sql: `select c.relname || ': ' || a.privilege_type || ' for ' || a.grantee::regrole as what
          from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
          where n.nspname = 'public' and c.relkind in ('r', 'p') and a.grantee in ('authenticated'::regrole, 'service_role'::regrole)
            and a.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')`,
    canary: "grant truncate on public.messages to authenticated",
  },
  {
    name: "a table with Row Level Security and no policy that is not meant to be closed to people",
    sql: `select c.relname as what from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname not in (${list(WITHOUT_POLICIES)})
            and not exists (select 1 from pg_policy p where p.polrelid = c.oid)`,
    canary: "create table public.canary (id uuid primary key); alter table public.canary enable row level security",
  },
  {
    name: "T59: a function whose search_path is not pinned",
    sql: `select p.oid::regprocedure::text as what from pg_proc p join pg_namespace n on n.oid = p.pronamespace
          where ${OURS} and not exists (select 1 from unnest(p.proconfig) setting where setting like 'search_path=%')`,
    canary: "create function private.canary() returns int language sql as 'select 1'",
  },
  {
    name: "a SECURITY DEFINER function that is not on the reviewed list",
    sql: `select n.nspname || '.' || p.proname as what from pg_proc p join pg_namespace n on n.oid = p.pronamespace
          where ${OURS} and p.prosecdef and n.nspname || '.' || p.proname not in (${list(Object.keys(SECURITY_DEFINERS))})`,
    canary: "create function private.canary() returns int language sql security definer set search_path = '' as 'select 1'",
  },
  {
    name: "T21: a function that anonymous callers may execute",
    sql: `select p.oid::regprocedure::text as what from pg_proc p join pg_namespace n on n.oid = p.pronamespace
          where ${OURS} and has_function_privilege('anon', p.oid, 'execute')`,
    canary: "grant execute on function public.find_api_key(text) to public",
  },
  {
    name: "a function that people may call and that is not on the list of those",
    sql: `select p.oid::regprocedure::text as what from pg_proc p join pg_namespace n on n.oid = p.pronamespace
          where ${OURS} and n.nspname = 'public' and has_function_privilege('authenticated', p.oid, 'execute') and p.proname not in (${list(CALLABLE_BY_PEOPLE)})`,
    canary: "grant execute on function public.claim_outbox(integer, integer, integer, jsonb) to authenticated",
  },
  {
    name: "a view that reads past Row Level Security",
    sql: `select c.relname as what from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'public' and (c.relkind = 'm' or c.relkind = 'v' and not coalesce(c.reloptions, '{}') && array['security_invoker=true', 'security_invoker=on'])`,
    canary: "create view public.canary as select * from public.agents",
  },
  {
    name: "A5: a policy that trusts user_metadata, which people write themselves",
    sql: `select tablename || ': ' || policyname as what from pg_policies
          where coalesce(qual, '') || coalesce(with_check, '') ~ 'user_metadata|raw_user_meta_data'`,
    canary: `create policy canary on public.agents for select to authenticated using ((select auth.jwt()) -> 'user_metadata' ->> 'role' = 'admin')`,
  },
  {
    name: "A5: a policy that asks who is there once for every row: wrap it in (select …)",
    sql: `select tablename || ': ' || policyname as what from pg_policies
          where coalesce(qual, '') || ' ' || coalesce(with_check, '') ~ '(auth\\.(uid|role|jwt|email)|private\\.my_org_ids)\\('
            and regexp_replace(coalesce(qual, '') || ' ' || coalesce(with_check, ''), '(SELECT|FROM) (auth\\.(uid|role|jwt|email)|private\\.my_org_ids)\\(', '', 'g')
                ~ '(auth\\.(uid|role|jwt|email)|private\\.my_org_ids)\\('`,
    canary: "create policy canary on public.agents for select to authenticated using (auth.uid() is not null)",
  },
  {
    name: "a policy for everybody, anonymous callers included",
    sql: `select tablename || ': ' || policyname as what from pg_policies where schemaname in ('public', 'storage') and roles && array['public', 'anon']::name[]`,
    canary: "create policy canary on public.agents for select using (true)",
  },
  {
    name: "two policies for one thing: the wider one wins, and both are paid for",
    sql: `select tablename || ' ' || cmd as what from pg_policies where schemaname in ('public', 'storage') and permissive = 'PERMISSIVE'
          group by schemaname, tablename, cmd having count(*) > 1
          union all select tablename || ' ALL' from pg_policies where schemaname in ('public', 'storage') and cmd = 'ALL'`,
    canary: "create policy canary on public.agents for select to authenticated using (false)",
  },
  {
    name: "a tenant's table without org_id, or with rows that may lack it",
    sql: `select c.relname as what from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname <> 'organizations' and not exists (
            select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and a.atttypid = 'uuid'::regtype
              -- A job to forget a file outlives the organization.
              and (a.attnotnull or c.relname = 'outbox'))`,
    canary: "create table public.canary (id uuid primary key)",
  },
  {
    name: "a foreign key between tenants' tables that does not carry org_id or the tenant's own parent",
    sql: `select k.conrelid::regclass || ': ' || k.conname as what from pg_constraint k
          where k.contype = 'f' and k.connamespace = 'public'::regnamespace and array_length(k.conkey, 1) = 1
            and k.confrelid not in ('public.organizations'::regclass, 'auth.users'::regclass)`,
    canary: "create table public.canary (id uuid primary key, org_id uuid not null, agent_id uuid references public.agents (id))",
  },
  {
    name: "a foreign key without an index that finds its rows",
    sql: `select k.conrelid::regclass || ': ' || k.conname as what from pg_constraint k
          where k.contype = 'f' and k.connamespace = 'public'::regnamespace and not exists (
            select 1 from pg_index i join pg_attribute a on a.attrelid = k.conrelid and a.attnum = i.indkey[0]
            where i.indrelid = k.conrelid and i.indpred is null and i.indkey[0] = any (k.conkey)
              and (array_length(k.conkey, 1) = 1 or a.attname <> 'org_id' or i.indkey[1] = any (k.conkey)))`,
    canary: "create table public.canary (id uuid primary key, org_id uuid not null references public.organizations (id))",
  },
  {
    name: "a table without a primary key",
    sql: `select c.relname as what from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'public' and c.relkind in ('r', 'p') and not exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary)`,
    canary: "create table public.canary (org_id uuid not null)",
  },
  {
    name: "a table without a comment",
    sql: `select c.relname as what from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'public' and c.relkind in ('r', 'p') and obj_description(c.oid, 'pg_class') is null`,
    canary: "create table public.canary (id uuid primary key)",
  },
  {
    name: "an extension in a schema that the API shows",
    sql: "select extname as what from pg_extension where extnamespace = 'public'::regnamespace",
    canary: "alter extension pg_trgm set schema public",
  },
  {
    name: "A6: a public bucket",
    sql: "select id as what from storage.buckets where public",
    canary: "update storage.buckets set public = true where id = 'knowledge'",
  },
];
