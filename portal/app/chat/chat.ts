import { setTimeout as sleep } from "node:timers/promises";
import {
  type CitedPassage,
  type ClientTool,
  type MessagePart,
  messagePart,
  type ToolReply,
  type VisitorConversation,
} from "@gpt-agent/core/chat-events";
import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import { type Locale, localeOfText, pickLocale } from "@gpt-agent/core/locales";
import { z } from "zod";
import type { Admission, Place } from "./admission.ts";
import { orLost } from "./lost-run.ts";
import { PartialSaver } from "./partial-saver.ts";
import type { HistoryTurn } from "./prompt.ts";
import { replayed } from "./replay.ts";
import { type RunDeps, run } from "./run.ts";
import type { LoggedEvent, RunLog } from "./run-log/run-log.ts";
import type { Telling } from "./telling.ts";
import { beginTurn, failLostRuns, finishTurn, savePartialAnswers, type TurnRequest, turnError } from "./turn-store.ts";
import { visitorFacts } from "./visitor-facts.ts";
import { WordPace } from "./word-pace.ts";

/** Whose conversations may be touched: from a verified session, never from a request body. */
export type VisitorIdentity = { orgId: string; agentId: string; visitorId: string };

/** What a verified identity token said of a visitor, and which key had signed it. */
export type VisitorProof = { keyId: string; externalId: string; claims: { email?: string; phone?: string; name?: string } };

/** A run and its events after a point, as they come. */
export type Following = { runId: string; messageId: string; events: Telling<LoggedEvent> };

/** What an API caller brings along: its clients keep the history themselves. */
export type GivenContext = { history?: HistoryTurn[]; instructions?: string; clientTools?: ClientTool[] };

export type ChatDeps = Pick<RunDeps, "retrieve" | "llm" | "fallback" | "actions" | "log"> & {
  db: Db;
  runLog: RunLog;
  admission: Admission;
  /** Told of each question that gets no answer. */
  onRefused?: (error: unknown) => void;
} & Pick<RunDeps, "onAnswered">;

const storedMessage = z.object({
  id: z.string(),
  author: z.enum(["visitor", "agent", "operator", "system"]),
  parts: z.array(messagePart),
  status: z.enum(["streaming", "complete", "stopped", "failed"]),
  createdAt: z.string(),
  rating: z.enum(["up", "down"]).nullable(),
});
const storedConversation = z.object({
  id: z.string(),
  clientId: z.string(),
  title: z.string().nullable(),
  createdAt: z.string(),
  lastMessageAt: z.string(),
  messages: z.array(storedMessage),
  run: z.object({ id: z.string(), messageId: z.string(), status: z.string() }).nullable(),
  handoff: z.enum(["requested", "accepted", "resolved"]).nullable(),
  hasLead: z.boolean(),
});
const newestRun = z.object({
  conversationId: z.string(),
  id: z.string().nullable(),
  messageId: z.string().nullable(),
  status: z.string().nullable(),
});
const openedSession = z.object({
  visitorId: z.uuid(),
  conversations: z.array(z.object({ id: z.string(), title: z.string().nullable(), lastMessageAt: z.string() })),
});

/** The language to answer in: the question's; where it has no letters, that of the visitor's words before it. */
function languageOf(question: string, history: HistoryTurn[], otherwise: Locale): Locale {
  const before = history.findLast(({ author, text }) => author === "visitor" && /\p{L}{3}/u.test(text))?.text ?? "";
  return localeOfText(question, localeOfText(before, otherwise));
}

const LOOKS_FOR_A_LOG = 10;
const LOOK_AGAIN_MS = 50;

const ROLE = { visitor: "user", agent: "assistant", operator: "assistant", system: "system" } as const;
const noConversation = () => new AppError("not_found", "There is no such conversation.");

/** The conversations of visitors and API callers: everything the routes do, without HTTP. */
export function createChat(deps: ChatDeps) {
  const { db, runLog, admission, log } = deps;
  const runDeps: RunDeps = {
    ...deps,
    pace: new WordPace(),
    saver: new PartialSaver((partials) => savePartialAnswers(db, partials), log),
    finish: (orgId, runId, receipt) => finishTurn(db, orgId, runId, receipt),
  };
  const isMissing = (error: unknown) => log.warn("a stop could not be passed on", { error });

  /** Is there a log of this run? One that says it is running may be about to open its log in this very moment. */
  async function isLogged(runId: string, running: boolean): Promise<boolean> {
    for (let look = 0; !(await runLog.has(runId)); look++) {
      if (!running || look >= LOOKS_FOR_A_LOG) return false;
      await sleep(LOOK_AGAIN_MS);
    }
    return true;
  }

  /** A conversation's newest run; runs that nobody writes any more are ended first. @throws AppError("not_found") */
  async function newest(who: VisitorIdentity, conversationId: string) {
    const { data, error } = await db.rpc("visitor_run", { org: who.orgId, visitor: who.visitorId, conversation: conversationId });
    if (error) throw turnError(error);
    if (data === null) throw noConversation();
    const found = newestRun.parse(data);
    if (!found.id || !found.messageId) return null;
    const logged = await isLogged(found.id, found.status === "running");
    if (found.status === "running" && !logged) await failLostRuns(db, who.orgId, found.conversationId, !runLog.shared);
    const running = found.status === "running" && logged;
    return { conversationId: found.conversationId, runId: found.id, messageId: found.messageId, running, logged };
  }

  /** The events of a run whose log there is. `conversationId` is our own id of the conversation. */
  function follow(run: { orgId: string; runId: string; conversationId: string }, after: number, locale: Locale, signal: AbortSignal) {
    const events = runLog.read(run.runId, after, signal);
    // Who shares no log with other portals goes down with the runs it reads.
    if (!runLog.shared) return events;
    const isLost = async () => {
      if (signal.aborted || (await runLog.has(run.runId))) return false;
      await failLostRuns(db, run.orgId, run.conversationId, false);
      return true;
    };
    return orLost(events, { isLost, locale, after });
  }

  return {
    /**
     * The visitor and their newest conversations. With an identity: the verified visitor it names, with whom the open conversations of
     * the given one go on. Without: the given one, or a new one when they are gone or verified.
     * @throws AppError("unauthenticated") when the identity's key was revoked in this moment
     */
    async openSession(
      agent: { orgId: string; agentId: string },
      visitorId: string | null,
      locale: string | null,
      identity: VisitorProof | null = null,
    ) {
      const common = { org: agent.orgId, agent: agent.agentId, visitor_locale: locale };
      const { data, error } = identity
        ? await db.rpc("open_verified_session", {
            ...common,
            identity_key: identity.keyId,
            external_id: identity.externalId,
            claims: identity.claims,
            anonymous: visitorId,
          })
        : await db.rpc("open_session", { ...common, visitor: visitorId });
      if (error) throw turnError(error);
      return openedSession.parse(data);
    },

    /**
     * Is there room for another answer? For routes to ask before they do anything else. @throws AppError("unavailable")
     */
    assertRoom(): void {
      try {
        admission.assertRoom();
      } catch (error) {
        deps.onRefused?.(error);
        throw error;
      }
    },

    /**
     * Begins the answer to a question and returns its events from the first on. The answer goes on when nobody reads. A repeated
     * question follows the run it began before. A run still going in the same conversation is superseded: who asks again has
     * moved on, and its partial answer is kept.
     * @throws AppError as beginTurn; ("unavailable") when this process has enough to do
     */
    async ask(request: TurnRequest, signal: AbortSignal, given: GivenContext = {}): Promise<Following> {
      let place: Place | null = null;
      try {
        place = admission.enter();
        return await this.begin(request, signal, given, place);
      } catch (error) {
        place?.leave();
        deps.onRefused?.(error);
        throw error;
      }
    },

    /** Begins an answer, or finds the one that was begun before, in the place it has been given. */
    async begin(request: TurnRequest, signal: AbortSignal, given: GivenContext, place: Place): Promise<Following> {
      const [turn, facts] = await Promise.all([
        beginTurn(db, request),
        visitorFacts(db, { ...request, verified: request.verified ?? false }, log),
      ]);
      const { runId, messageId } = turn;
      for (const older of turn.superseded) await runLog.requestStop(older).catch(isMissing);
      const locale = pickLocale(turn.locale);
      if (turn.replayed) {
        place.leave();
        if (await isLogged(runId, turn.status === "running"))
          return { runId, messageId, events: follow({ ...turn, orgId: request.orgId }, 0, locale, signal) };
        if (turn.status === "running") await failLostRuns(db, request.orgId, turn.conversationId, !runLog.shared);
        return {
          runId,
          messageId,
          events: replayed(await this.storedAnswer(request.orgId, messageId), { ...turn, conversationId: request.conversationId }),
        };
      }
      try {
        await runLog.open(runId);
      } catch (error) {
        await failLostRuns(db, request.orgId, turn.conversationId, true);
        throw new AppError("unavailable", "Answers cannot be streamed right now. Please try again.", { cause: error, retryAfter: 5 });
      }
      const history = given.history ?? turn.history;
      void run(
        {
          orgId: request.orgId,
          agentId: request.agentId,
          agentName: turn.agentName,
          settings: turn.settings,
          runId,
          messageId,
          conversationId: request.conversationId,
          question: turn.question,
          history,
          summary: given.history ? null : turn.summary,
          facts,
          locale: languageOf(turn.question, history, locale),
          clientTools: given.clientTools ?? [],
          attended: request.visitorId !== null,
          ...(given.instructions ? { extraInstructions: given.instructions } : {}),
        },
        {
          ...runDeps,
          retrieve: (query, stopped) => deps.retrieve(query, stopped).finally(place.started),
        },
      ).finally(place.leave);
      return { runId, messageId, events: runLog.read(runId, 0, signal) };
    },

    /**
     * The events of a conversation's answer after `lastEventId` ("<runId>:<seq>"), from the first without one; null when
     * nothing runs and nothing is left to tell. @throws AppError("not_found")
     */
    async resume(
      who: VisitorIdentity,
      conversationId: string,
      { lastEventId, locale, signal }: { lastEventId: string | null; locale: Locale; signal: AbortSignal },
    ): Promise<Following | null> {
      const current = await newest(who, conversationId);
      if (!current?.logged) return null;
      const [, runId, seq] = /^([0-9a-f-]{36}):(\d{1,9})$/.exec(lastEventId ?? "") ?? [];
      const after = runId === current.runId ? Number(seq) : null;
      // Ended while the client was away: it gets the rest. One that never saw the run reads the conversation instead.
      if (!current.running && after === null) return null;
      return { runId: current.runId, messageId: current.messageId, events: follow({ ...who, ...current }, after ?? 0, locale, signal) };
    },

    /** Stops the running answer of a conversation, if there is one. @throws AppError("not_found") */
    async stop(who: VisitorIdentity, conversationId: string): Promise<void> {
      const current = await newest(who, conversationId);
      if (current?.running) await runLog.requestStop(current.runId);
    },

    /** Hands the running answer of a conversation what one of its tool calls waits for. @throws AppError("not_found") */
    async reply(who: VisitorIdentity, conversationId: string, toolCallId: string, reply: ToolReply): Promise<void> {
      const current = await newest(who, conversationId);
      if (!current?.running) throw new AppError("not_found", "No answer of this conversation waits for that any more.");
      await runLog.reply(current.runId, toolCallId, reply);
    },

    /** Stops a run that its only reader has left. */
    async abandon(runId: string): Promise<void> {
      await runLog.requestStop(runId).catch(isMissing);
    },

    /** A visitor's own conversation. @throws AppError("not_found") */
    async read(who: VisitorIdentity, conversationId: string): Promise<VisitorConversation> {
      await newest(who, conversationId);
      const { data, error } = await db.rpc("visitor_conversation", {
        org: who.orgId,
        visitor: who.visitorId,
        conversation: conversationId,
      });
      if (error) throw turnError(error);
      if (data === null) throw noConversation();
      const found = storedConversation.parse(data);
      return {
        id: found.clientId,
        title: found.title,
        createdAt: found.createdAt,
        lastMessageAt: found.lastMessageAt,
        running: found.run?.status === "running",
        handoff: found.handoff,
        hasLead: found.hasLead,
        messages: found.messages.map(({ id, author, parts, status, createdAt, rating }) => ({
          id,
          role: ROLE[author],
          parts,
          metadata: { createdAt, status, author, ...(rating ? { rating } : {}) },
        })),
      };
    },

    /** Erases a visitor's own conversation and stops its answer. @throws AppError("not_found") */
    async erase(who: VisitorIdentity, conversationId: string): Promise<void> {
      const { data, error } = await db.rpc("erase_conversation", { org: who.orgId, visitor: who.visitorId, conversation: conversationId });
      if (error) throw turnError(error);
      if (data === null) throw noConversation();
      for (const runId of data) await runLog.requestStop(runId).catch(isMissing);
    },

    /** Rates an answer in a visitor's own conversation. @throws AppError("not_found") */
    async rate(who: VisitorIdentity, messageId: string, rating: "up" | "down", comment: string | null): Promise<void> {
      const { data, error } = await db.rpc("rate_answer", {
        org: who.orgId,
        visitor: who.visitorId,
        message: messageId,
        new_rating: rating,
        new_comment: comment,
      });
      if (error) throw turnError(error);
      if (!data) throw new AppError("not_found", "There is no such answer.");
    },

    /** A citation inside the passage it was taken from. @throws AppError("not_found") */
    async citedPassage(who: VisitorIdentity, messageId: string, index: number): Promise<CitedPassage> {
      const { data, error } = await db.rpc("visitor_citation", {
        org: who.orgId,
        visitor: who.visitorId,
        message: messageId,
        citation_index: index,
      });
      if (error) throw turnError(error);
      const row = data[0];
      if (!row) throw new AppError("not_found", "There is no such citation.");
      return {
        index: row.index,
        sourceId: row.source_id ?? "",
        title: row.title,
        ...(row.url ? { url: row.url } : {}),
        ...(row.page ? { page: row.page } : {}),
        ...(row.heading_path.length > 0 ? { headings: row.heading_path } : {}),
        quote: row.quote,
        start: row.char_start,
        end: row.char_end,
        passage: row.passage,
        quoteStart: Math.max(row.passage.indexOf(row.quote), 0),
      };
    },

    /** The parts and state of an answer, by its own id. @throws AppError("not_found") */
    async storedAnswer(orgId: string, messageId: string): Promise<{ parts: MessagePart[]; status: string }> {
      const { data, error } = await db.from("messages").select("parts, status").eq("org_id", orgId).eq("id", messageId).maybeSingle();
      if (error) throw turnError(error);
      if (!data) throw new AppError("not_found", "There is no such answer.");
      return { parts: z.array(messagePart).parse(data.parts), status: data.status };
    },
  };
}

export type Chat = ReturnType<typeof createChat>;
