/** The number of answers that came while the panel was closed, on the launcher and in its name. */
export class UnreadBadge {
  readonly #launcher: HTMLElement;
  readonly #badge = document.createElement("span");

  constructor(launcher: HTMLElement) {
    this.#launcher = launcher;
    this.#badge.className = "badge";
    this.#badge.part.add("badge");
    this.#badge.ariaHidden = "true";
    launcher.append(this.#badge);
  }

  /** @param name what the launcher is called, in parts; a part may be missing */
  show(count: number, name: (string | undefined)[], words: (count: number) => string): void {
    this.#badge.hidden = count === 0;
    this.#badge.textContent = count > 9 ? "9+" : String(count);
    const full = name.filter(Boolean).join(": ");
    this.#launcher.ariaLabel = count ? `${full}, ${words(count)}` : full;
  }
}
