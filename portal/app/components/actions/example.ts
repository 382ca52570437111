import { type Dictionary, en } from "~/i18n/en";
import { ru } from "~/i18n/ru";
import { type Draft, emptyDraft, newKey } from "./draft";

/** An action to start from, with its words for the model in the editor's language. */
export const exampleDraft = (t: Dictionary): Draft => ({
  ...emptyDraft(),
  name: "order_status",
  title: { en: en.actions.example.title, ru: ru.actions.example.title },
  description: t.actions.example.description,
  url: "https://api.example.com/orders/{order}",
  parameters: [
    { key: newKey(), name: "order", required: true, property: { type: "string", description: t.actions.example.order, maxLength: 40 } },
  ],
  headers: [{ key: newKey(), name: "Authorization", secret: true, value: "", stored: null }],
});
