import { type Step, text, toolCall, toolEnd } from "./fakes/visitor-api.ts";
import { expect, test } from "./host/fixtures.ts";

const cancel = toolCall(
  "cancel_order",
  { order_id: "A-1042", reason: "Ordered twice by mistake", refund: true },
  { title: "Cancel the order", approval: "needed", providerExecuted: true },
);
const REFUSED = "Not allowed, so nothing was done.";
const asks: Step[] = [
  ...text("I can do that for you."),
  cancel,
  {
    type: "wait",
    toolCallId: cancel.toolCallId,
    next: (reply) => {
      const approved = reply && "approved" in reply && reply.approved;
      return [toolEnd(cancel, approved ? undefined : REFUSED), ...text(approved ? "It is cancelled." : "Then it stays.")];
    },
  },
];

test.describe("actions", () => {
  test("one that changes something asks first, and says what it will send", async ({ widget, api, page }) => {
    api.script = () => asks;
    await widget.visit();
    await widget.open();
    await widget.ask("Cancel my order");
    const card = widget.element.getByRole("group", { name: "The assistant asks for your permission: Cancel the order" });
    await expect(card).toContainText("order id");
    await expect(card.locator("dd")).toHaveText(["A-1042", "Ordered twice by mistake", "yes"]);
    // It is said aloud, and takes the focus from nobody who writes.
    await expect(widget.element.getByRole("status")).toHaveText("The assistant asks for your permission: Cancel the order");
    await expect(widget.composer).toBeFocused();
    await page.keyboard.press("Shift+Tab");
    await expect(widget.button("Allow")).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(widget.composer).toBeFocused();
    await expect(widget.answers).toContainText("It is cancelled.");
    await expect(card).toHaveCount(0);
    expect(api.replies).toEqual([{ toolCallId: cancel.toolCallId, reply: { approved: true } }]);
    const line = widget.element.getByText("Cancel the order: done");
    await line.click();
    await expect(widget.element.getByRole("region", { name: "This was sent:" })).toContainText("A-1042");
    await page.reload();
    await expect(line).toBeVisible();
  });

  test("one that is refused, or waited for too long, is not done, and the answer goes on", async ({ widget, api, page }) => {
    api.script = () => asks;
    await widget.visit();
    await widget.open();
    await widget.ask("Cancel my order");
    await widget.button("Don’t allow").click();
    await expect(widget.answers).toContainText(`Cancel the order: ${REFUSED}`);
    await expect(widget.answers).toContainText("Then it stays.");
    await widget.ask("Cancel it now");
    await widget.button("Allow").focus();
    api.giveUp(cancel.toolCallId);
    await expect(widget.answers.last()).toContainText(`Cancel the order: ${REFUSED}`);
    // The button under the focus is gone: the composer takes it.
    await expect(widget.composer).toBeFocused();
    await page.reload();
    await expect(widget.element.getByText(`Cancel the order: ${REFUSED}`)).toHaveCount(2);
  });

  test("the question survives a reload, and another tab sees its outcome", async ({ widget, api, page, host }) => {
    api.script = () => asks;
    await widget.visit();
    await widget.open();
    await widget.ask("Cancel my order");
    await expect(widget.button("Allow")).toBeVisible();
    await page.reload();
    await expect(widget.button("Allow")).toBeVisible();
    const other = await page.context().newPage();
    await other.goto(host.origin);
    await other.getByRole("button", { name: /Open chat/ }).click();
    await other.getByRole("button", { name: "Allow", exact: true }).click();
    await expect(other.locator(".message.agent")).toContainText("It is cancelled.");
    await expect(widget.answers).toContainText("Cancel the order: done");
    await expect(widget.button("Allow")).toHaveCount(0);
    expect(api.replies).toHaveLength(1);
  });

  test("a consent that does not get through is asked for again; a stop ends the question", async ({ widget, api, expectedErrors }) => {
    expectedErrors.push(/503/);
    api.script = () => asks;
    await widget.visit();
    await widget.open();
    await widget.ask("Cancel my order");
    api.refuse({ path: /tools/, status: 503, code: "unavailable" });
    await widget.button("Allow").click();
    await expect(widget.element.getByRole("alert")).toContainText("Please press again.");
    await widget.button("Stop answering").click();
    await expect(widget.button("Allow")).toHaveCount(0);
    await expect(widget.answers).toContainText("Cancel the order: not done");
    expect(api.replies).toEqual([]);
  });

  test("a question that comes while the chat is closed shows on the launcher", async ({ widget, api, page }) => {
    let ask = () => {};
    const ready = new Promise<void>((resolve) => {
      ask = resolve;
    });
    api.script = () => [...text("A moment."), { type: "hold", until: ready }, ...asks];
    await widget.visit();
    await widget.open();
    await widget.ask("Cancel my order");
    await expect(widget.answers).toContainText("A moment.");
    await page.keyboard.press("Escape");
    ask();
    await expect(widget.launcher).toHaveAccessibleName("Open chat: Tea Shop, 1 unread");
    await widget.open();
    await expect(widget.button("Allow")).toBeVisible();
  });

  test("one that only looks something up says so in a quiet line, in the visitor's language", async ({ widget, api, host }) => {
    const status = toolCall("order_status", { order_id: "A-1042" }, { title: "Статус заказа", providerExecuted: true });
    const failing = toolCall("delivery_date", {}, { title: "Дата доставки", providerExecuted: true });
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const ends = [toolEnd(status), failing, toolEnd(failing, "Не получилось."), ...text("Заказ в пути.")];
    api.script = () => [status, { type: "hold", until: held }, ...ends];
    host.page = { lang: "ru" };
    await widget.visit();
    await widget.open();
    await widget.ask("Где мой заказ?");
    await expect(widget.answers).toContainText("Статус заказа…");
    answer();
    await expect(widget.answers).toContainText("Статус заказа: готово");
    await expect(widget.answers).toContainText("Дата доставки: Не получилось.");
    await expect(widget.answers).toContainText("Заказ в пути.");
  });
});

test.describe("tools of the page", () => {
  const show = toolCall("show_product", { id: "samovar" });
  const calls = (call = show): Step[] => [
    call,
    {
      type: "wait",
      toolCallId: call.toolCallId,
      next: (reply) => [toolEnd(call, reply && "output" in reply ? undefined : "This did not work."), ...text(JSON.stringify(reply), 99)],
    },
  ];

  test("are told with the question, run once by the tab that has asked, and answer under a strict policy", async ({
    widget,
    host,
    api,
  }) => {
    host.page = {
      // As in the README: set before the widget's script is there.
      body: '<gpt-agent agent-id="demo"></gpt-agent><script src="/host.js"></script>',
      script: `addEventListener("DOMContentLoaded", () => {
        document.querySelector("gpt-agent").clientTools = {
          show_product: {
            description: "Shows a product on the page",
            parameters: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
            run: async ({ id }) => { location.hash = id; return { shown: id }; },
          },
          broken: { description: "Breaks", run: () => { throw new Error("Sold out"); } },
          "not a name": { description: "Left out", run() {} },
        };
      });`,
    };
    api.script = () => calls();
    await widget.visit();
    await widget.listen("tool-call");
    await widget.open();
    await widget.ask("Show me a samovar");
    await expect(widget.answers).toContainText('{"output":{"shown":"samovar"}}');
    expect(new URL(widget.page.url()).hash).toBe("#samovar");
    expect(await widget.events()).toEqual([
      { name: "tool-call", detail: { toolCallId: "call-show_product", name: "show_product", input: { id: "samovar" } } },
    ]);
    const sent = api.requests.find(({ path }) => path.endsWith("/chat"))?.body;
    expect(sent?.clientTools).toEqual([
      {
        name: "show_product",
        description: "Shows a product on the page",
        parameters: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
      },
      { name: "broken", description: "Breaks", parameters: { type: "object" } },
    ]);
    for (const [call, error] of [
      [toolCall("broken", {}), "Sold out"],
      [toolCall("constructor", {}), "There is no such tool."],
      [toolCall("show_product", "samovar", { toolCallId: "call-text" }), "The input must be an object."],
    ] as const) {
      api.script = () => calls(call);
      await widget.ask(`Now ${call.toolName}`);
      await expect(widget.answers.last()).toContainText(`{"errorText":"${error}"}`);
    }
    expect(api.replies).toHaveLength(4);
  });

  test("are not run by a tab that has not asked, nor after a reload", async ({ widget, host, api, page }) => {
    host.page = {
      script: `addEventListener("DOMContentLoaded", () => {
        document.querySelector("gpt-agent").clientTools = { show_product: { description: "", run: () => new Promise(() => {}) } };
      });`,
    };
    api.script = () => calls();
    await widget.visit();
    await widget.listen("tool-call");
    await widget.open();
    await widget.ask("Show me a samovar");
    await expect.poll(() => widget.events()).toHaveLength(1);
    await page.reload();
    await widget.listen("tool-call");
    await expect(widget.button("Stop answering")).toBeVisible();
    api.giveUp(show.toolCallId);
    await expect(widget.answers).toContainText("null");
    expect(await widget.events()).toEqual([]);
    expect(api.replies).toEqual([]);
  });
});
