import { noChange } from "lit";
import { Directive, directive, type ElementPart } from "lit/directive.js";
import { MarkdownView } from "../markdown.ts";

type Marked = {
  text: string;
  /** Indexes of the citations that can be opened. */
  citations: readonly number[];
  done: boolean;
  label(index: number): string;
  open(index: number): void;
};

/** Draws markdown into the element it stands on and keeps drawing as the text grows. */
class MarkdownDirective extends Directive {
  #view?: MarkdownView;
  #latest!: Marked;

  override render(_marked: Marked): typeof noChange {
    return noChange;
  }

  override update(part: ElementPart, [marked]: [Marked]): typeof noChange {
    this.#latest = marked;
    this.#view ??= new MarkdownView(part.element as HTMLElement, {
      open: (index) => this.#latest.open(index),
      label: (index) => this.#latest.label(index),
    });
    this.#view.update(marked.text, marked.citations, marked.done);
    return noChange;
  }
}

export const markdown = directive(MarkdownDirective);
