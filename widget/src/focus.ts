const FOCUSABLE = "button, a[href], input, textarea, summary, [tabindex='0']";

/** Keeps Tab inside `container`: after its last control comes the first again, and the other way round. */
export function keepFocusInside(event: KeyboardEvent, container: HTMLElement): void {
  const inside = [...container.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
    (element) => element.checkVisibility() && !element.closest("[inert]") && !(element as HTMLButtonElement).disabled,
  );
  const [first, last] = [inside[0], inside.at(-1)];
  const focused = (container.getRootNode() as ShadowRoot).activeElement;
  if (focused !== container && focused !== (event.shiftKey ? first : last)) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}
