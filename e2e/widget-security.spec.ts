import type { Page } from "@playwright/test";
import { PAYLOADS } from "./fakes/payloads.ts";
import { cite, type Step, text, toolCall, toolEnd } from "./fakes/visitor-api.ts";
import { expect, test } from "./host/fixtures.ts";

/** All that an answer may be made of. */
const ALLOWED = "p h3 h4 h5 blockquote em strong s code ul ol li br hr div table tr th td pre span a button".toUpperCase().split(" ");

type Drawn = { html: string; tags: string[]; attributes: string[]; links: { href: string; rel: string; text: string }[] };

/** What the answers on the page are made of. */
function drawn(page: Page): Promise<Drawn[]> {
  return page.evaluate(() =>
    [...document.querySelector("gpt-agent")!.shadowRoot!.querySelectorAll<HTMLElement>(".message.agent .text")].map((answer) => {
      const elements = [...answer.querySelectorAll<HTMLElement>("*")];
      answer.normalize();
      return {
        html: answer.innerHTML,
        tags: elements.map((element) => element.tagName),
        attributes: elements.flatMap((element) => element.getAttributeNames()),
        links: elements
          .filter((element): element is HTMLAnchorElement => element.tagName === "A")
          .map((link) => ({ href: link.href, rel: link.rel, text: link.textContent ?? "" })),
      };
    }),
  );
}

test.describe("hostile answers", () => {
  // The fixture fails each of these on a dialog, on a script error and on any request to a foreign host.
  test("T43 T44: nothing of the payloads runs or loads, streamed in any pieces and from history alike", async ({ widget, api, page }) => {
    test.setTimeout(180_000);
    expect(PAYLOADS.length).toBeGreaterThanOrEqual(40);
    // Three ways to cut each payload; a piece of one character puts a border between any two.
    const cuts = [1, 7, 1_000];
    const answerTo = (payload: string) => `Before\n\n${payload}\n\nafter ${payload}`;
    api.script = (question) => {
      const [, payload, cut] = /^payload (\d+) (\d+)$/.exec(question)!.map(Number);
      return text(answerTo(PAYLOADS[payload!]!), cut!);
    };
    // A few payloads for each visitor: drawing a conversation of a hundred answers again and again is not what this is about.
    const each = 8;
    for (let from = 0; from < PAYLOADS.length; from += each) {
      const payloads = PAYLOADS.slice(from, from + each);
      await widget.visit();
      await widget.open();
      await page.evaluate(
        async (questions) => {
          const element = document.querySelector("gpt-agent") as unknown as { sendMessage(message: { text: string }): Promise<void> };
          for (const text of questions) await element.sendMessage({ text });
        },
        payloads.flatMap((_, number) => cuts.map((cut) => `payload ${from + number} ${cut}`)),
      );
      await expect(widget.answers).toHaveCount(payloads.length * cuts.length);
      await expect(widget.answers.last().locator(".actions")).toBeVisible();
      const streamed = await drawn(page);
      for (const { tags, attributes, links, html } of streamed) {
        expect(
          tags.filter((tag) => !ALLOWED.includes(tag)),
          html,
        ).toEqual([]);
        expect(
          attributes.filter((name) => /^on|style|src|srcset|formaction/.test(name)),
          html,
        ).toEqual([]);
        for (const link of links) {
          expect(link.href).toMatch(/^(https?|mailto|tel):/);
          expect(link.rel).toBe("noopener noreferrer nofollow");
          expect(link.text, "shows where it leads").toContain(new URL(link.href).hostname);
        }
      }
      for (const [index, payload] of payloads.entries()) {
        const [first, ...others] = streamed.slice(index * cuts.length, (index + 1) * cuts.length).map(({ html }) => html);
        for (const other of others) expect(other, payload).toBe(first);
      }
      await page.reload();
      await expect(widget.answers).toHaveCount(payloads.length * cuts.length);
      expect((await drawn(page)).map(({ html }) => html)).toEqual(streamed.map(({ html }) => html));
      await page.evaluate(() => {
        localStorage.clear();
        sessionStorage.clear();
      });
    }
    expect(await page.evaluate(() => "pwned" in window)).toBe(false);
  });

  test("T49: hostile names, titles, questions and addresses are shown as text", async ({ widget, api, page }) => {
    const markup = "<img src=x onerror=window.pwned=1>";
    api.config = {
      ...api.config,
      name: markup,
      avatar: "https://evil.example/avatar.png",
      primaryColor: "red;} * { background: url(https://evil.example/c.png) ",
      privacyUrl: null,
      texts: { en: { greeting: markup, prompts: [markup] }, ru: { greeting: "", prompts: [] } },
    };
    api.passage = `${markup} Orders arrive within three days.`;
    api.script = () => [
      cite(1, { title: markup, headings: [markup], url: "javascript:window.pwned=1" }),
      ...text("Three days [1]."),
      { type: "data-suggestions", data: { questions: [markup] } },
    ];
    await widget.visit();
    await widget.open();
    await widget.element.locator(".welcome").getByRole("button", { name: markup }).click();
    await expect(widget.messages.first()).toContainText(markup);
    await widget.element.locator(".marker").click();
    await expect(widget.element.locator(".sheet")).toContainText(markup);
    await expect(widget.element.locator(".sheet a")).toHaveCount(0);
    await expect(widget.element.locator("img")).toHaveCount(0);
    expect(await page.evaluate(() => "pwned" in window)).toBe(false);
  });

  test("T49: hostile actions, their values and their failures are shown as text, and all of them before anybody agrees", async ({
    widget,
    api,
    page,
  }) => {
    const input = Object.fromEntries(PAYLOADS.map((payload, index) => [`${payload}${index}`, index % 2 ? payload : { nested: [payload] }]));
    const [title = ""] = PAYLOADS;
    const call = toolCall("pay", input, { title, approval: "needed", providerExecuted: true });
    const ends = (reply: unknown): Step[] => [toolEnd(call, reply ? PAYLOADS[1] : undefined)];
    api.script = () => [call, { type: "wait", toolCallId: call.toolCallId, next: ends }, ...text("Well.")];
    await widget.visit();
    await widget.open();
    await widget.ask("Pay");
    const values = widget.element.locator(".consent dd");
    await expect(values).toHaveCount(PAYLOADS.length);
    const shown = await values.allTextContents();
    for (const [index, payload] of PAYLOADS.entries())
      expect(shown[index]).toBe(index % 2 ? payload : JSON.stringify({ nested: [payload] }));
    const made = () =>
      page.evaluate(() => {
        const root = document.querySelector("gpt-agent")!.shadowRoot!;
        return [...new Set([...root.querySelectorAll(".consent *, .tool *")].map(({ tagName }) => tagName.toLowerCase()))].sort();
      });
    expect(await made()).toEqual(["button", "dd", "div", "dl", "dt", "p"]);
    await widget.button("Allow").click();
    await expect(widget.element.locator(".tool summary")).toHaveText(`${title}: ${PAYLOADS[1]}`);
    expect(await made()).toEqual(["dd", "div", "dl", "dt", "p", "path", "span", "summary", "svg"]);
    await page.reload();
    await expect(widget.element.locator(".tool summary")).toHaveText(`${title}: ${PAYLOADS[1]}`);
    expect(await page.evaluate(() => "pwned" in window)).toBe(false);
  });

  test("T49: a page that has taken over our names does no harm", async ({ widget, host, api }) => {
    host.page = {
      head: '<img name="currentScript" alt="">',
      body: `<a id="GptAgent" href="#x">GptAgent</a><img name="currentScript" alt=""><form id="gptAgent"><input name="push"></form>
        <gpt-agent agent-id="demo"></gpt-agent>`,
    };
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    await expect(widget.answers).toContainText("You asked: Hello");
    expect(api.requests.filter(({ path }) => path.startsWith("/widget/")).length).toBe(1);
  });

  test("T49: the page's scripts cannot reach the visitor's token through the element", async ({ widget, page }) => {
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    await expect(widget.answers.locator(".actions")).toBeVisible();
    const found = await page.evaluate(() => {
      const token = JSON.parse(localStorage.getItem("gpt-agent:demo") ?? "{}").token as string;
      const seen = new Set<unknown>();
      const holds = (value: unknown, depth: number): boolean => {
        if (typeof value === "string") return value.includes(token);
        if (typeof value !== "object" || value === null || value instanceof Node || value === window || seen.has(value) || depth > 6)
          return false;
        seen.add(value);
        return Object.values(value).some((inner) => holds(inner, depth + 1));
      };
      const element = document.querySelector("gpt-agent")!;
      const panel = element.shadowRoot!.querySelector("gpt-agent-chat")!;
      const html = element.shadowRoot!.innerHTML + element.outerHTML;
      return { token: token.length > 0, own: holds({ ...element }, 0), panel: holds({ ...panel }, 0), html: html.includes(token) };
    });
    expect(found).toEqual({ token: true, own: false, panel: false, html: false });
  });
});
