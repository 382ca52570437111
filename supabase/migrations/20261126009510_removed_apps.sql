-- A CRM says that our app was removed from an account.

-- What is said is not believed, as it may be about another person's installation in that account: the access token of each of its connections counts as
-- run out, so that the next use asks for a new one, and the job that is put into the outbox does so at once. Returns how many connections are looked at.
create function public.doubt_crm_account(account_crm text, account text) returns integer
language plpgsql
set search_path = ''
as $$
declare
  doubted integer;
begin
  with connections as (
    update public.connections c set grant_expires_at = pg_catalog.now()
    where c.crm = account_crm and c.account_id = account and c.grant_kind = 'oauth' and c.status in ('ok', 'failing')
    returning c.id, c.org_id
  )
  insert into public.outbox (org_id, name, payload)
  select c.org_id, 'crm.setup', pg_catalog.jsonb_build_object('connectionId', c.id) from connections c;
  get diagnostics doubted = row_count;
  return doubted;
end $$;
revoke execute on function public.doubt_crm_account(text, text) from public, anon, authenticated;
grant execute on function public.doubt_crm_account(text, text) to service_role;
