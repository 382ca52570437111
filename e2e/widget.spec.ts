import { cite, hold, text } from "./fakes/visitor-api.ts";
import { expect, test } from "./host/fixtures.ts";

test.describe("the widget on a foreign page under a strict policy", () => {
  test("M4: stores nothing and fetches nothing but the public config before the visitor interacts", async ({ widget, api, page }) => {
    await widget.visit();
    await expect(widget.launcher).toBeVisible();
    await page.getByRole("heading", { level: 1 }).click();
    expect(api.requests.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      "GET /api/v1/agents/demo/config",
      "GET /widget.js",
    ]);
    expect(await widget.storage()).toEqual({});
    expect(await page.context().cookies()).toEqual([]);
  });

  test("opening alone makes no visitor either", async ({ widget, api }) => {
    await widget.visit();
    await widget.open();
    await expect(widget.composer).toBeFocused();
    expect(api.calls).toEqual(["GET /agents/demo/config"]);
    expect(await widget.page.evaluate(() => localStorage.length)).toBe(0);
  });

  test("asks, streams and finishes an answer", async ({ widget, api, page }) => {
    const pause = hold();
    api.script = () => [...text("Orders arrive"), pause.step, ...text(" within **three days**.")];
    await widget.visit();
    await widget.listen("message", "response-start", "response-end");
    await widget.open();
    await widget.ask("How long is delivery?");
    await expect(widget.messages.first()).toContainText("How long is delivery?");
    await expect(widget.answers).toContainText("Orders arrive");
    await expect(widget.element.locator(".caret")).toBeVisible();
    await expect(widget.button("Stop answering")).toBeVisible();
    pause.release();
    await expect(widget.answers.locator("strong")).toHaveText("three days");
    await expect(widget.element.locator(".caret")).toHaveCount(0);
    await expect(widget.composer).toBeFocused();
    await expect(widget.composer).toHaveValue("");
    const sent = api.requests.find(({ path }) => path.endsWith("/chat"));
    expect(sent?.headers.cookie).toBeUndefined();
    expect(sent?.headers.authorization).toMatch(/^Bearer /);
    expect((await widget.events()).map(({ name, detail }) => [name, detail.text ?? detail.status ?? ""])).toEqual([
      ["message", "How long is delivery?"],
      ["response-start", ""],
      ["message", "Orders arrive\n\n within **three days**."],
      ["response-end", "Orders arrive\n\n within **three days**."],
    ]);
    expect(await page.evaluate(() => document.querySelectorAll("[style]").length)).toBe(0);
  });

  test("a question sent in the very moment it was typed leaves the composer empty", async ({ widget }) => {
    await widget.visit();
    await widget.open();
    await widget.composer.evaluate((composer: HTMLTextAreaElement) => {
      composer.value = "Pasted and sent";
      composer.dispatchEvent(new InputEvent("input", { bubbles: true }));
      composer.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    });
    await expect(widget.answers).toContainText("You asked: Pasted and sent");
    await expect(widget.composer).toHaveValue("");
  });

  test("stop ends the answer at the server and keeps what was written", async ({ widget, api }) => {
    api.script = () => [...text("The first half"), hold().step, ...text(" and the rest")];
    await widget.visit();
    await widget.open();
    await widget.ask("Tell me a lot");
    await expect(widget.answers).toContainText("The first half");
    await widget.button("Stop answering").click();
    await expect(widget.answers).toContainText("Stopped");
    await expect(widget.answers).toContainText("The first half");
    await expect(widget.button("Send")).toBeVisible();
    await expect.poll(() => api.calls.filter((call) => /POST \/chat\/.*\/stop/.test(call)).length).toBe(1);
    api.script = () => text("Next answer");
    await widget.ask("And now?");
    await expect(widget.answers.last()).toContainText("Next answer");
    await expect(widget.answers).toHaveCount(2);
  });

  test("a citation opens the quoted passage and gives the focus back", async ({ widget, api }) => {
    api.passage = "We pack on weekdays. Orders arrive within three days. Holidays take longer.";
    api.script = () => [
      ...text("Three days [1]. More [2] and [9]."),
      cite(1, { page: 3, headings: ["Shipping", "Times"] }),
      cite(2, { title: "Far East", url: "https://shop.example/far-east", quote: "Holidays take longer." }),
    ];
    await widget.visit();
    await widget.listen("citation-click");
    await widget.open();
    await widget.ask("How long?");
    const marker = widget.button("Source 1: Delivery");
    await expect(marker).toBeVisible();
    // A marker without a citation behind it is not shown at all.
    await expect(widget.element.locator(".marker:visible")).toHaveCount(2);
    await marker.click();
    const sheet = widget.element.getByRole("dialog", { name: /Delivery/ });
    await expect(sheet).toBeFocused();
    await expect(sheet).toContainText("page 3 · Shipping › Times");
    await expect(sheet.locator("mark")).toHaveText("Orders arrive within three days.");
    await expect(sheet).toContainText("We pack on weekdays.");
    await widget.page.keyboard.press("Escape");
    await expect(sheet).toHaveCount(0);
    await expect(marker).toBeFocused();

    await widget.element.getByText("Sources: 2").click();
    await widget
      .button(/Far East/)
      .last()
      .click();
    const link = widget.element.getByRole("link", { name: /Open the page/ });
    await expect(link).toHaveAttribute("href", "https://shop.example/far-east#:~:text=Holidays%20take%20longer.");
    await expect(link).toHaveAttribute("rel", "noopener noreferrer nofollow");
    expect((await widget.events()).map(({ detail }) => detail.index)).toEqual([1, 2]);
  });

  test("a citation whose passage is gone still shows its quote", async ({ widget, api, expectedErrors }) => {
    expectedErrors.push(/404/);
    api.script = () => [cite(1), ...text("Three days [1].")];
    await widget.visit();
    await widget.open();
    await widget.ask("How long?");
    await widget.button("Source 1: Delivery").click();
    await expect(widget.element.locator(".sheet mark")).toHaveText("Orders arrive within three days.");
    await expect(widget.element.locator(".sheet")).toContainText("no longer available");
  });

  test("the conversation survives a reload, and a new page opens where the last one was left", async ({ widget, api }) => {
    api.script = () => [cite(1), ...text("Three **days** [1].")];
    await widget.visit();
    await widget.open();
    await widget.ask("How long?");
    await expect(widget.answers.locator(".actions")).toBeVisible();
    const streamed = await widget.answers.locator(".text").innerHTML();
    await widget.page.reload();
    await expect(widget.messages).toHaveCount(2);
    await expect(widget.answers.locator(".actions")).toBeVisible();
    // T43: history is drawn by the same renderer as the stream.
    expect(await widget.answers.locator(".text").innerHTML()).toBe(streamed);
    expect(Object.keys(await widget.page.evaluate(() => ({ ...localStorage })))).toEqual(["gpt-agent:demo"]);
  });

  test("an answer that runs during a reload is taken up again", async ({ widget, api }) => {
    const pause = hold();
    api.script = () => [...text("One two three"), pause.step, ...text(" four five six")];
    await widget.visit();
    await widget.open();
    await widget.ask("Count");
    await expect(widget.answers).toContainText("One two three");
    await widget.page.reload();
    await expect(widget.answers).toContainText("One two three");
    await expect(widget.button("Stop answering")).toBeVisible();
    pause.release();
    await expect(widget.answers).toContainText("four five six");
    await expect(widget.answers).toHaveCount(1);
  });

  test("methods called before the script is there, the page's attributes, and before-send", async ({ widget, host, api }) => {
    host.page = {
      script: `window.GptAgent = window.GptAgent || [];
        GptAgent.push(["open"], ["setComposerValue", "written by the page"]);
        document.addEventListener("gpt-agent:before-send", (event) => {
          if (event.detail.text.includes("secret")) event.preventDefault();
        });`,
    };
    await widget.visit();
    await expect(widget.composer).toHaveValue("written by the page");
    await widget.ask("my secret");
    await expect(widget.composer).toHaveValue("my secret");
    await expect(widget.messages).toHaveCount(0);
    await widget.composer.fill("");
    await widget.page.locator("#ask").click();
    await expect(widget.messages.first()).toContainText("How long is delivery?");
    await expect(widget.answers).toContainText("You asked: How long is delivery?");
    expect(api.requests.filter(({ path }) => path.endsWith("/chat"))).toHaveLength(1);
    await widget.page.locator("#toggle").click();
    await expect(widget.panel).toBeHidden();
    await widget.page.locator("#toggle").click();
    await expect(widget.panel).toBeVisible();
  });

  test("the page sets options, chooses conversations and forgets the visitor", async ({ widget, api, page }) => {
    type Element = HTMLElement & {
      setOptions(options: object): void;
      setThread(id: string | null): Promise<void>;
      reset(): Promise<void>;
    };
    await widget.visit();
    await page.evaluate(() => {
      const element = document.querySelector("gpt-agent") as Element;
      element.setOptions({ position: "bottom-left", greeting: "Ahoy!", prompts: ["One | two", "Three"], openOnLoad: true });
      element.setOptions({ greeting: "Ahoy there!" });
    });
    await widget.open();
    await expect(widget.element.getByText("Ahoy there!")).toBeVisible();
    await expect.poll(async () => (await widget.panel.boundingBox())?.x).toBe(20);
    await widget.button("One | two").click();
    await expect(widget.answers.locator(".actions")).toBeVisible();
    const [first] = api.conversations.values();
    await page.evaluate(() => (document.querySelector("gpt-agent") as Element).setThread(null));
    await expect(widget.messages).toHaveCount(0);
    await page.evaluate((id) => (document.querySelector("gpt-agent") as Element).setThread(id), first!.id);
    await expect(widget.answers).toContainText("You asked: One | two");
    await page.evaluate(() => (document.querySelector("gpt-agent") as Element).reset());
    await expect(widget.messages).toHaveCount(0);
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
    await widget.ask("Who am I?");
    await expect(widget.answers).toContainText("You asked: Who am I?");
    expect(new Set([...api.conversations.values()].map(({ owner }) => owner)).size).toBe(2);
  });

  test("the script may be there twice", async ({ widget, host, api }) => {
    host.page = { head: `<script src="${api.origin}/widget.js"></script>` };
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    await expect(widget.answers).toHaveCount(1);
    await expect(widget.element.locator("gpt-agent-chat")).toHaveCount(1);
  });

  test("two elements on one page live their own lives", async ({ widget, host, api }) => {
    host.page = {
      body: `<gpt-agent id="one" agent-id="demo" primary-color="#0a7d4f"></gpt-agent>
        <gpt-agent id="two" agent-id="demo" mode="inline" locale="ru" theme="dark" prompts="Первый|Второй" greeting="Привет!"></gpt-agent>`,
    };
    const two = widget.at("#two");
    const one = widget.at("#one");
    await widget.visit();
    await two.composer.scrollIntoViewIfNeeded();
    await expect(two.element.getByText("Привет!")).toBeVisible();
    expect(api.calls.filter((call) => !call.endsWith("/config"))).toEqual([]);
    await two.button("Первый").click();
    await expect(two.answers).toContainText("You asked: Первый");
    await expect(one.panel).toHaveCount(0);
    await one.open();
    await expect(one.panel).toHaveAttribute("aria-label", "Tea Shop");
    await one.composer.fill("draft");
    await expect(two.composer).toHaveValue("");
    const colours = await widget.page.evaluate(() =>
      ["#one", "#two"].map(
        (id) => getComputedStyle(document.querySelector(id)!.shadowRoot!.querySelector(".send, .launcher")!).backgroundColor,
      ),
    );
    expect(new Set(colours).size).toBe(2);
  });

  test("suggests what to ask next, under the last answer only, and asks it when pressed", async ({ widget, api }) => {
    api.script = (question) => [
      ...text(`You asked: ${question}`),
      ...(question === "Hello" ? [{ type: "data-suggestions" as const, data: { questions: ["And abroad?", "And at night?"] } }] : []),
    ];
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    const next = widget.element.getByRole("list", { name: "Follow-up questions" });
    await expect(next.getByRole("button")).toHaveText(["And abroad?", "And at night?"]);
    // Not part of the answer that is read aloud.
    await expect(widget.element.locator("[aria-live]")).toHaveText("Answer: You asked: Hello");
    await next.getByRole("button").first().click();
    await expect(widget.answers.last()).toContainText("You asked: And abroad?");
    await expect(widget.composer).toBeFocused();
    await expect(next).toHaveCount(0);
  });

  test("past chats, a new chat, and erasing one", async ({ widget, api }) => {
    await widget.visit();
    await widget.listen("thread-change");
    await widget.open();
    await widget.ask("First question");
    await expect(widget.answers.locator(".actions")).toBeVisible();
    await widget.button("Menu").click();
    await widget.button("New chat").click();
    await expect(widget.messages).toHaveCount(0);
    await widget.ask("Second question");
    await expect(widget.answers.locator(".actions")).toBeVisible();
    await widget.button("Menu").click();
    await widget.button("Past chats").click();
    await widget.button(/First question/).click();
    await expect(widget.answers).toContainText("You asked: First question");
    await widget.button("Menu").click();
    await widget.button("Delete this chat").click();
    await widget.button("Delete").click();
    await expect(widget.messages).toHaveCount(0);
    expect(api.conversations.size).toBe(1);
    expect((await widget.events()).map(({ detail }) => detail.id)).toEqual([null, expect.any(String), null]);
  });

  test("rates an answer and says what was wrong with it", async ({ widget, api }) => {
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    await widget.button("Good answer").click();
    await expect(widget.button("Good answer")).toHaveAttribute("aria-pressed", "true");
    await widget.button("Bad answer").click();
    await widget.element.getByRole("textbox", { name: "What was wrong with it?" }).fill("Too short");
    await widget.element.locator(".explanation").getByRole("button", { name: "Send" }).click();
    await expect(widget.element.locator(".aside")).toContainText("Thank you");
    expect(api.ratings.map(({ rating, comment }) => [rating, comment])).toEqual([
      ["up", undefined],
      ["down", undefined],
      ["down", "Too short"],
    ]);
  });

  test("answers again in the place of the last answer", async ({ widget, api }) => {
    api.script = (_question, asked) => text(`Answer number ${asked}`);
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    await expect(widget.answers).toContainText("Answer number 1");
    await widget.button("Answer again").click();
    await expect(widget.answers).toContainText("Answer number 2");
    await expect(widget.answers).toHaveCount(1);
    const [, again] = api.requests.filter(({ path }) => path.endsWith("/chat"));
    expect(again?.body).toMatchObject({ trigger: "regenerate-message", messageId: expect.stringMatching(/^answer-/) });
  });

  test("counts answers that come while it is closed", async ({ widget, api }) => {
    const pause = hold();
    api.script = () => [...text("Soon"), pause.step, ...text(" done")];
    await widget.visit();
    await widget.listen("unread");
    await widget.open();
    await widget.ask("Hello");
    await expect(widget.answers).toContainText("Soon");
    await widget.page.keyboard.press("Escape");
    await expect(widget.panel).toBeHidden();
    await expect(widget.launcher).toBeFocused();
    pause.release();
    await expect(widget.launcher).toHaveAccessibleName("Open chat: Tea Shop, 1 unread");
    expect(await widget.events()).toEqual([{ name: "unread", detail: { count: 1 } }]);
    await widget.open();
    await expect(widget.element.locator(".badge")).toBeHidden();
  });

  test("speaks Russian on a Russian page, and the other language on request", async ({ widget, host }) => {
    host.page = { lang: "ru" };
    await widget.visit();
    await widget.open();
    await expect(widget.element.getByText("Здравствуйте! Задайте вопрос")).toBeVisible();
    await widget.button("Сколько идёт доставка?").click();
    await expect(widget.answers).toContainText("You asked: Сколько идёт доставка?");
    await widget.button("Меню").click();
    await widget.button("In English").click();
    await expect(widget.composer).toHaveAttribute("placeholder", "Ask a question…");
  });
});
