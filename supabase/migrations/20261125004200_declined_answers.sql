-- An answer may be declined on purpose: the subject is not the agent's, or the answer gave away what it must not. It is no gap in the
-- knowledge, so finish_turn writes no row of unanswered for it.
alter table public.runs drop constraint runs_outcome_check;
alter table public.runs add constraint runs_outcome_check
  check (outcome in ('answered', 'unanswered', 'declined', 'stopped', 'failed'));
