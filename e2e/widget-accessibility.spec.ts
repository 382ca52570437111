import AxeBuilder from "@axe-core/playwright";
import { cite, hold, text, toolCall, toolEnd } from "./fakes/visitor-api.ts";
import { expect, test, type Widget } from "./host/fixtures.ts";

/** Findings of axe inside the widget, of the kinds that keep people out. */
async function findings(widget: Widget): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page: widget.page }).include("gpt-agent").analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical" || impact === "moderate")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

test.describe("the widget for everybody", () => {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`axe finds nothing, ${colorScheme}`, async ({ widget, api, page }) => {
      // axe reads everything eight times.
      test.slow();
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      api.passage = "Orders arrive within three days.";
      api.config = { ...api.config, primaryColor: "#ffe14d" };
      api.script = () => [
        cite(1),
        ...text(
          "# Title\n\nThree **days** [1], see [the list](https://list.example/x).\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```",
        ),
        { type: "data-suggestions", data: { questions: ["And abroad?"] } },
      ];
      await widget.visit();
      await expect(widget.launcher).toBeVisible();
      expect(await findings(widget)).toEqual([]);
      await widget.open();
      expect(await findings(widget)).toEqual([]);
      await widget.ask("How long?");
      await expect(widget.button("And abroad?")).toBeVisible();
      await widget.element.getByText("Sources: 1").click();
      expect(await findings(widget)).toEqual([]);
      await widget.button("Source 1: Delivery").click();
      await expect(widget.element.locator(".sheet mark")).toBeVisible();
      expect(await findings(widget)).toEqual([]);
      await page.keyboard.press("Escape");
      await widget.button("Menu").click();
      expect(await findings(widget)).toEqual([]);
      await widget.button("Past chats").click();
      expect(await findings(widget)).toEqual([]);
      await page.keyboard.press("Escape");
      await widget.composer.fill("x".repeat(8_001));
      expect(await findings(widget)).toEqual([]);
      const status = toolCall("order_status", { order_id: 7 }, { title: "Order status", providerExecuted: true });
      const cancel = toolCall("cancel", { order_id: 7 }, { title: "Cancel the order", approval: "needed", providerExecuted: true });
      api.script = () => [status, toolEnd(status, "This did not work."), cancel, hold().step];
      await widget.ask("Cancel it");
      await widget.element.getByText("Order status: This did not work.").click();
      await expect(widget.button("Allow")).toBeVisible();
      expect(await findings(widget)).toEqual([]);
    });
  }

  test("everything works by keyboard alone", async ({ widget, api, page }) => {
    api.passage = "Orders arrive within three days.";
    api.script = () => [cite(1), ...text("Three days [1].")];
    const press = (...keys: string[]) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
    const tabTo = async (name: string | RegExp) => {
      for (let tabs = 0; tabs < 30; tabs += 1) {
        await press("Tab");
        const focused = await page.evaluate(() => {
          const element = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
          return element?.getAttribute("aria-label") ?? element?.textContent ?? "";
        });
        if (typeof name === "string" ? focused.trim() === name : name.test(focused)) return;
      }
      throw new Error(`Tab never reached ${name}`);
    };
    await widget.visit();
    await expect(widget.launcher).toBeVisible();
    await tabTo(/^Open chat/);
    await press("Enter");
    await expect(widget.composer).toBeFocused();
    await page.keyboard.type("first line");
    await press("Shift+Enter");
    await page.keyboard.type("second line");
    await expect(widget.composer).toHaveValue("first line\nsecond line");
    await press("Enter");
    await expect(widget.answers.locator(".actions")).toBeVisible();
    await press("Shift+Tab");
    await widget.composer.focus();
    await page.keyboard.type("unsent");
    await widget.element.locator(".scroll").focus();
    await tabTo("Source 1: Delivery");
    await press("Enter");
    const sheet = widget.element.getByRole("dialog", { name: /Delivery/ });
    await expect(sheet).toBeFocused();
    // The focus goes round inside the sheet.
    for (let tabs = 0; tabs < 5; tabs += 1) {
      await press("Tab");
      expect(await page.evaluate(() => Boolean(document.activeElement?.shadowRoot?.activeElement?.closest(".sheet")))).toBe(true);
    }
    await press("Escape");
    await expect(widget.button("Source 1: Delivery")).toBeFocused();
    await tabTo("Answer again");
    await press("Enter");
    await expect.poll(() => api.calls.filter((call) => call.endsWith("/chat")).length).toBe(2);
    await widget.element.locator(".menu-button").focus();
    await press("Enter");
    await expect(widget.button("New chat")).toBeFocused();
    await press("Escape");
    await expect(widget.button("Menu")).toBeFocused();
    await press("Escape");
    await expect(widget.panel).toBeHidden();
    await expect(widget.launcher).toBeFocused();
    await press("Space");
    await expect(widget.composer).toHaveValue("unsent");
  });

  test("Enter that ends a word of an input method does not send", async ({ widget, page, api }) => {
    await widget.visit();
    await widget.open();
    const session = await page.context().newCDPSession(page);
    await session.send("Input.imeSetComposition", { text: "かな", selectionStart: 2, selectionEnd: 2 });
    await widget.composer.dispatchEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true });
    await widget.composer.dispatchEvent("keydown", { key: "Enter", isComposing: true, bubbles: true });
    expect(api.calls.filter((call) => call.endsWith("/chat"))).toEqual([]);
    await session.send("Input.insertText", { text: "かな" });
    await widget.composer.press("Enter");
    await expect(widget.answers).toContainText("You asked: かな");
  });

  test("screen readers hear what goes on and the finished answer once, not every word", async ({ widget, api, page }) => {
    const pause = hold();
    api.script = () => [...text("Orders **arrive** "), pause.step, { type: "text-delta", id: "t", delta: "in three days [1]." }];
    await widget.visit();
    await widget.open();
    await page.evaluate(() => {
      const heard: string[] = [];
      (window as unknown as { heard: string[] }).heard = heard;
      for (const region of document.querySelector("gpt-agent")!.shadowRoot!.querySelectorAll("[role=status], [aria-live]"))
        new MutationObserver(() => heard.push(region.textContent ?? "")).observe(region, {
          characterData: true,
          childList: true,
          subtree: true,
        });
    });
    await widget.ask("How long?");
    await expect(widget.answers).toContainText("Orders arrive");
    pause.release();
    await expect(widget.answers).toContainText("in three days");
    const heard = () => page.evaluate(() => (window as unknown as { heard: string[] }).heard.filter(Boolean));
    await expect.poll(heard).toEqual(["Looking for the answer…", "Answer: Orders arrive in three days."]);
    expect(await widget.element.getByRole("log").count()).toBe(0);
  });

  test("the panel does not move under reduced motion", async ({ widget, page }) => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await widget.visit();
    await widget.open();
    await widget.ask("Hello");
    const moving = await page.evaluate(() => {
      const root = document.querySelector("gpt-agent")!.shadowRoot!;
      return [...root.querySelectorAll("*")].filter((element) => {
        const { animationName, transitionDuration } = getComputedStyle(element);
        return animationName !== "none" || transitionDuration.split(",").some((duration) => Number.parseFloat(duration) > 0);
      }).length;
    });
    expect(moving).toBe(0);
  });

  test("the composer grows to six lines and no further", async ({ widget }) => {
    const height = () => widget.composer.evaluate((element) => element.clientHeight);
    await widget.visit();
    await widget.open();
    const one = await height();
    await widget.composer.fill("1\n2\n3");
    const three = await height();
    await widget.composer.fill("1\n2\n3\n4\n5\n6");
    const six = await height();
    await widget.composer.fill(Array.from({ length: 20 }, (_, line) => line).join("\n"));
    expect(three).toBeGreaterThan(one);
    expect(six - three).toBe((three - one) * 1.5);
    expect(await height()).toBe(six);
  });
});

test.describe("the widget on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("fills the screen, keeps the focus, and Enter makes a new line", async ({ widget, page, api }) => {
    await widget.visit();
    await widget.launcher.tap();
    await widget.composer.waitFor();
    await expect.poll(() => widget.panel.boundingBox()).toEqual({ x: 0, y: 0, width: 390, height: 844 });
    await expect(widget.panel).toHaveAttribute("aria-modal", "true");
    for (let tabs = 0; tabs < 12; tabs += 1) {
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("GPT-AGENT");
    }
    await widget.composer.fill("first");
    await widget.composer.press("Enter");
    await expect(widget.composer).toHaveValue("first\n");
    expect(api.calls.filter((call) => call.endsWith("/chat"))).toEqual([]);
    await widget.button("Send").tap();
    await expect(widget.answers).toContainText("You asked: first");
    const small = await widget.element
      .getByRole("button")
      .evaluateAll((buttons) =>
        buttons
          .filter((button) => button.checkVisibility() && button.getBoundingClientRect().height < 36)
          .map((button) => button.ariaLabel),
      );
    expect(small).toEqual([]);
  });
});
