import { useFormats, useText } from "~/i18n/text";
import { isCost, type Metric, type Subject } from "~/models/budget";
import type { Measure } from "~/models/usage";

/** How limits are named and their amounts written in this page's language. */
export function useBudgetWords() {
  const { usage } = useText();
  const { number, money } = useFormats();
  const words = usage.subjects;
  return {
    who({ eachVisitor, agent, apiKey }: Subject): string {
      if (apiKey) {
        const key = apiKey.name ?? words.unknownKey;
        return agent ? words.keyOf(key, agent.name) : words.key(key);
      }
      if (eachVisitor) return agent ? words.visitorOf(agent.name) : words.visitor;
      return agent ? words.agent(agent.name) : words.organization;
    },
    metric: (metric: Metric): string => usage.metrics[metric],
    amount: (metric: Metric, amount: number): string => (isCost(metric) ? money(amount) : number(amount)),
  };
}

/** A measure's name and how its values are written; `short` where there is little room. */
export function useMeasure(measure: Measure) {
  const { usage } = useText();
  const { number, money, compact } = useFormats();
  const isMoney = measure === "cost";
  return {
    name: { tokens: usage.tokens, cost: usage.cost, answers: usage.answers }[measure],
    long: isMoney ? money : number,
    short: isMoney ? (micros: number) => `$${compact(micros / 1e6)}` : compact,
  };
}
