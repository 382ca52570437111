import { hold, text } from "./fakes/visitor-api.ts";
import { expect, test, Widget } from "./host/fixtures.ts";

test.describe("when things go wrong, the widget", () => {
  test("resumes a stream that breaks off, where it broke off", async ({ widget, api, expectedErrors }) => {
    expectedErrors.push(/ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION/);
    const pause = hold();
    api.script = () => [
      ...text("Before the break, "),
      pause.step,
      { type: "cut" },
      { type: "text-delta", id: "t", delta: "after the break." },
    ];
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    await expect(widget.answers).toContainText("Before the break,");
    pause.release();
    await expect(widget.answers).toContainText("Before the break, after the break.");
    const resumed = api.requests.find(({ path }) => path.endsWith("/stream"));
    expect(resumed?.headers["last-event-id"]).toMatch(/^run-\d+:\d+$/);
    expect(api.calls.filter((call) => call.endsWith("/chat"))).toHaveLength(1);
  });

  test("keeps what was seen of an answer whose server died, says so after a reload too, and makes it anew on request", async ({
    widget,
    api,
    page,
    expectedErrors,
  }) => {
    expectedErrors.push(/ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION|ERR_EMPTY_RESPONSE|503/);
    api.script = (_question, asked) => (asked === 1 ? [...text("The first half"), hold().step] : text("The whole answer"));
    await widget.visit();
    await widget.open();
    await widget.ask("Tell me a lot");
    await expect(widget.answers).toContainText("The first half");
    api.refuse({ path: /\/stream$/, status: 503, code: "unavailable" });
    api.crash(9);
    await expect(widget.element.locator(".notice")).toContainText("The answer broke off. What has been written is kept.");
    await expect(widget.answers).toContainText("The first half");
    await page.reload();
    await expect(widget.element.locator(".notice")).toContainText("The answer broke off.");
    await widget.button("Try again").click();
    await expect(widget.answers).toContainText("The whole answer");
    await expect(widget.answers).toHaveCount(1);
    await expect(widget.element.locator(".notice")).toHaveCount(0);
  });

  test("takes its answer up again by itself once it is back online, without a gap or a repeat", async ({
    widget,
    api,
    page,
    expectedErrors,
  }) => {
    expectedErrors.push(/ERR_INTERNET_DISCONNECTED|ERR_INCOMPLETE_CHUNKED_ENCODING/);
    const pause = hold();
    api.script = () => [...text("One two three "), pause.step, { type: "text-delta", id: "t", delta: "four five six." }];
    await widget.visit();
    await widget.listen("response-end", "error");
    await widget.open();
    await widget.ask("Count");
    await expect(widget.answers).toContainText("One two three");
    await page.context().setOffline(true);
    await expect(widget.element.getByText("You’re offline.")).toBeVisible();
    pause.release();
    await expect(widget.button("Stop answering")).toBeVisible();
    await page.context().setOffline(false);
    await expect(widget.answers.locator(".text")).toHaveText("One two three four five six.");
    expect(api.calls.filter((call) => call.endsWith("/chat"))).toHaveLength(1);
    expect((await widget.events()).map(({ name, detail }) => [name, detail.status])).toEqual([["response-end", "complete"]]);
  });

  test("takes up a silent connection again when its page comes back into sight after a while", async ({ widget, api, page }) => {
    const pause = hold();
    api.script = () => [...text("One two three "), pause.step, { type: "text-delta", id: "t", delta: "four five six." }];
    await widget.visit();
    await widget.open();
    await widget.ask("Count");
    await expect(widget.answers).toContainText("One two three");
    await page.evaluate(() => {
      let hidden = true;
      Object.defineProperty(document, "hidden", { get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
      const now = Date.now;
      Date.now = () => now() + 60_000;
      hidden = false;
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await expect.poll(() => api.calls.filter((call) => call.endsWith("/stream")).length).toBe(1);
    pause.release();
    await expect(widget.answers.locator(".text")).toHaveText("One two three four five six.");
  });

  test("a second tab shows what the first one asks, as it is answered, and what was asked while nobody looked", async ({
    widget,
    api,
    page,
    host,
  }) => {
    await widget.visit();
    await widget.open();
    await widget.ask("First");
    await expect(widget.answers.locator(".actions")).toBeVisible();
    const tab = await page.context().newPage();
    await tab.goto(host.origin);
    const second = new Widget(tab, host);
    await second.open();
    await expect(second.answers).toHaveCount(1);
    const pause = hold();
    api.script = () => [...text("Growing"), pause.step, { type: "text-delta", id: "t", delta: " and grown" }];
    await widget.ask("Second");
    await expect(second.answers.last()).toContainText("Growing");
    await expect(second.button("Stop answering")).toBeVisible();
    pause.release();
    await expect(second.answers.last()).toContainText("Growing and grown");
    await expect(second.messages).toHaveCount(4);
    await second.page.keyboard.press("Escape");
    await expect(second.panel).toBeHidden();
    api.script = () => text("Meanwhile");
    await widget.ask("Third");
    await expect(widget.answers.last()).toContainText("Meanwhile");
    await second.open();
    await expect(second.answers.last()).toContainText("Meanwhile");
    expect(new Set([...api.conversations.values()].map(({ owner }) => owner)).size).toBe(1);
  });

  test("keeps the partial answer of a failed model and tries again on request", async ({ widget, api }) => {
    api.script = (_question, asked) =>
      asked === 1 ? [...text("A partial answer"), { type: "error", errorText: "upstream" }] : text("A whole answer");
    await widget.visit();
    await widget.listen("response-end", "error");
    await widget.open();
    await widget.ask("Hello");
    await expect(widget.answers).toContainText("A partial answer");
    await expect(widget.element.getByText("The answer broke off. What has been written is kept.").first()).toBeVisible();
    await widget.button("Try again").click();
    await expect(widget.answers).toContainText("A whole answer");
    await expect(widget.answers).toHaveCount(1);
    await expect(widget.element.locator(".notice")).toHaveCount(0);
    expect((await widget.events()).map(({ name, detail }) => [name, detail.status ?? detail.code])).toEqual([
      ["response-end", "failed"],
      ["error", "answer_failed"],
      ["response-end", "complete"],
    ]);
  });

  test("renews a session that has ended, once, as the same visitor", async ({ widget, api, expectedErrors }) => {
    expectedErrors.push(/401/);
    await widget.visit();
    await widget.open();
    await widget.ask("First");
    await expect(widget.answers).toContainText("You asked: First");
    api.expireSessions();
    await widget.ask("Second");
    await expect(widget.answers.last()).toContainText("You asked: Second");
    expect(api.calls.filter((call) => call.endsWith("/sessions"))).toHaveLength(2);
    expect(new Set([...api.conversations.values()].map(({ owner }) => owner)).size).toBe(1);
  });

  test("says how long to wait after too many questions", async ({ widget, api, expectedErrors }) => {
    expectedErrors.push(/429/);
    api.refuse({ path: /\/chat$/, status: 429, code: "rate_limited", retryAfter: 1 });
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    await expect(widget.element.locator(".notice")).toContainText("Please take a short break.");
    await expect(widget.messages.first()).toContainText("Hello");
    await widget.button("Try again").click();
    await expect(widget.answers).toContainText("You asked: Hello");
  });

  test("says that a budget is spent, and that a server is away", async ({ widget, api, expectedErrors }) => {
    expectedErrors.push(/429|503/);
    api.refuse({ path: /\/chat$/, status: 429, code: "over_budget", retryAfter: 3_600 });
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    await expect(widget.element.locator(".notice")).toContainText("answered all it can for now");
    await expect(widget.messages.first()).toContainText("Hello");
    await expect(widget.element.locator(".notice")).toContainText(/answers again from .*\d\d:\d\d/);
    await widget.composer.fill("Still there?");
    api.refuse({ path: /\/chat$/, status: 429, code: "over_budget", retryAfter: 2 });
    await widget.composer.press("Enter");
    // What has been written stays. A limit may be raised at any time, so trying again is never barred.
    await expect(widget.messages.last()).toContainText("Still there?");
    await expect(widget.button("Try again")).toBeEnabled();
    api.refuse({ path: /\/chat$/, status: 503, code: "unavailable" });
    await widget.button("Try again").click();
    await expect(widget.element.locator(".notice")).toContainText("busy at the moment");
    await widget.button("Try again").click();
    await expect(widget.answers.last()).toContainText("You asked: Still there?");
  });

  test("keeps what was typed while offline", async ({ widget, page }) => {
    await widget.visit();
    await widget.open();
    await page.context().setOffline(true);
    await expect(widget.element.getByText("You’re offline.")).toBeVisible();
    await widget.ask("Anyone there?");
    await expect(widget.composer).toHaveValue("Anyone there?");
    await page.context().setOffline(false);
    await expect(widget.element.locator(".notice")).toHaveCount(0);
    await widget.composer.press("Enter");
    await expect(widget.answers).toContainText("You asked: Anyone there?");
  });

  test("refuses a message that is too long and keeps its text", async ({ widget, api }) => {
    const long = "слово ".repeat(16_667).trim();
    await widget.visit();
    await widget.open();
    await widget.composer.fill(long);
    await expect(widget.element.getByRole("alert")).toContainText(`Too long by ${long.length - 8_000} characters.`);
    await expect(widget.button("Send")).toBeDisabled();
    await widget.composer.press("Enter");
    await expect(widget.composer).toHaveValue(long);
    expect(api.calls.filter((call) => call.endsWith("/chat"))).toEqual([]);
  });

  test("shows a paused agent as such", async ({ widget, api }) => {
    api.config = { ...api.config, status: "paused" };
    await widget.visit();
    await widget.launcher.click();
    await expect(widget.element.getByText("The assistant is taking a break.")).toBeVisible();
    await expect(widget.composer).toHaveCount(0);
  });

  for (const [what, refusal, why] of [
    ["an agent that does not exist", { status: 404, code: "not_found" }, "The server answered 404."],
    [
      "a site that is not on the agent's list",
      { status: 403, code: "origin_not_allowed", unreadable: true },
      "is not among the agent's allowed origins.",
    ],
  ] as const) {
    test(`shows nothing for ${what}, and says why in the console`, async ({ widget, api, page, expectedErrors }) => {
      expectedErrors.push(/404|403|ERR_FAILED|CORS/);
      const warnings: string[] = [];
      page.on("console", (message) => message.type() === "warning" && warnings.push(message.text()));
      api.refuse({ path: /config$/, times: 5, ...refusal });
      await widget.visit();
      await expect.poll(() => warnings.join()).toContain('<gpt-agent agent-id="demo">');
      expect(warnings.join()).toContain(why);
      await expect(widget.launcher).toBeHidden();
    });
  }

  for (const [what, kept] of [
    ["rubbish", "{{{"],
    ["a wrong shape", '{"token":{"a":1},"conversationId":"../../x\\n","locale":"xx"}'],
    ["a token of nobody", '{"token":"who-is-this","conversationId":"gone"}'],
  ] as const) {
    test(`starts afresh when its storage holds ${what}`, async ({ widget, page, expectedErrors }) => {
      expectedErrors.push(/404/);
      await page.addInitScript((value) => localStorage.setItem("gpt-agent:demo", value), kept);
      await widget.visit();
      await widget.open();
      await widget.ask("Hello");
      await expect(widget.answers).toContainText("You asked: Hello");
    });
  }

  test("a question asked before the kept conversation is there waits for it", async ({ widget, page, expectedErrors }) => {
    expectedErrors.push(/404/);
    await page.addInitScript(() => localStorage.setItem("gpt-agent:demo", '{"token":"who-is-this","conversationId":"gone"}'));
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route("**/conversations/gone", async (route) => {
      await held;
      await route.continue();
    });
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    await expect(widget.composer).toHaveValue("Hello");
    answer();
    await expect(widget.answers).toContainText("You asked: Hello");
    await expect(widget.composer).toHaveValue("");
  });

  test("works where storage is blocked", async ({ widget, page }) => {
    await page.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage"])
        Object.defineProperty(window, name, {
          get() {
            throw new DOMException("blocked", "SecurityError");
          },
        });
    });
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    await expect(widget.answers).toContainText("You asked: Hello");
  });

  test("takes the newest chat when a cached script names a file that is gone", async ({ widget, api, page, expectedErrors }) => {
    expectedErrors.push(/404/);
    await page.route(/\/widget\/chat\.[\w-]+\.js$/, (route) => route.fulfill({ status: 404 }));
    await widget.visit();
    await widget.open();
    expect(api.requests.map(({ path }) => path)).toContain("/widget/chat.js");
  });

  test("goes on with its answer when the page moves the element, and lets go when it is removed", async ({ widget, api, page }) => {
    const pause = hold();
    api.script = () => [...text("Moving"), pause.step, ...text("moved")];
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    await expect(widget.answers).toContainText("Moving");
    await page.evaluate(() => document.querySelector("main")!.append(document.querySelector("gpt-agent")!));
    pause.release();
    await expect(widget.answers).toContainText("moved");
    await page.evaluate(() => document.querySelector("gpt-agent")!.remove());
    await expect(widget.element).toHaveCount(0);
  });
});
