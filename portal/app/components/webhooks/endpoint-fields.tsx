import { Checkbox } from "~/components/checkbox";
import { Field, Input } from "~/components/field";
import { useText } from "~/i18n/text";

type Props = {
  types: string[];
  endpoint?: { url: string; description: string; events: string[] };
  error: (field: string) => string | null;
};

/** An event's words, for those of today; one that is newer than this page is shown by its name. */
export function useEventWords(): (type: string) => string {
  const words = useText().webhooks.events as Record<string, string>;
  return (type) => words[type] ?? type;
}

/** What makes an endpoint: its address, a note, and the events it is told. */
export function EndpointFields({ types, endpoint, error }: Props) {
  const t = useText();
  const words = t.webhooks;
  const eventWords = useEventWords();
  const eventsError = error("events");
  return (
    <>
      <Field label={words.url} hint={words.urlHint} error={error("url")}>
        {(wiring) => (
          <Input
            {...wiring}
            name="url"
            type="url"
            inputMode="url"
            defaultValue={endpoint?.url}
            placeholder="https://example.com/hooks/agent"
            maxLength={2000}
            required
            spellCheck={false}
            autoComplete="off"
          />
        )}
      </Field>
      <Field label={words.description} optional error={error("description")}>
        {(wiring) => (
          <Input
            {...wiring}
            name="description"
            defaultValue={endpoint?.description}
            maxLength={200}
            placeholder={words.descriptionPlaceholder}
            autoComplete="off"
          />
        )}
      </Field>
      <fieldset aria-describedby={eventsError ? "events-error" : undefined}>
        <legend className="mb-2 font-medium">{words.eventsLegend}</legend>
        <div className="grid gap-3 sm:grid-cols-2">
          {types.map((type) => (
            <Checkbox
              key={type}
              name={`event:${type}`}
              defaultChecked={endpoint ? endpoint.events.includes(type) : true}
              label={eventWords(type)}
              hint={<code className="font-mono text-xs">{type}</code>}
            />
          ))}
        </div>
        {eventsError && (
          <p id="events-error" role="alert" className="mt-2 text-sm text-danger-ink">
            {eventsError}
          </p>
        )}
      </fieldset>
    </>
  );
}
