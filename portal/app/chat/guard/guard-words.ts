import type { Locale } from "@gpt-agent/core/locales";

/** What visitors read in place of what was not let through. */
export const GUARD_WORDS: Record<Locale, { removed: string; withheld: string; declined: string }> = {
  en: {
    removed: "‹link removed›",
    withheld: "How I am set up stays between me and the company. I'm glad to help with your question, though.",
    declined: "That is outside of what I can talk about here. Is there anything else I can help you with?",
  },
  ru: {
    removed: "‹ссылка убрана›",
    withheld: "О том, как я настроен, рассказать не могу, а вот с вашим вопросом с удовольствием помогу.",
    declined: "На эту тему я здесь не разговариваю. Могу помочь с чем-нибудь ещё?",
  },
};
