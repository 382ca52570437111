import { ArrowUpRight } from "lucide-react";
import { useState } from "react";
import { Button } from "~/components/button";
import { Field, Input } from "~/components/field";
import { useAction } from "~/components/use-action";
import type { CrmOffer } from "~/http/crm-offers.server";
import type { ErrorCode } from "~/i18n/error-codes";
import { useText } from "~/i18n/text";
import { useCrmName } from "./crm-mark";

export type ConnectAnswer = { ok: true; url?: string; connectionId?: string } | { ok: false; errors: Record<string, ErrorCode> };

/** How addresses of accounts look. */
const ADDRESSES: Record<string, string> = {
  "salesforce.global": "acme--uat.sandbox.my.salesforce.com",
  "pipedrive.global": "acme.pipedrive.com",
  "amocrm.ru": "acme.amocrm.ru",
  "amocrm.global": "acme.kommo.com",
  "bitrix24.ru": "acme.bitrix24.ru",
  "bitrix24.global": "acme.bitrix24.com",
};

/** How one CRM is let in: its cloud where it has two, then signing in there, or a token from there. */
export function ConnectForm(props: {
  offers: CrmOffer[];
  /** The account's address where it is known already: of a connection that is let in anew. */
  address?: string | null;
  onCancel: () => void;
  cancel: string;
  onDone?: (connectionId: string) => void;
}) {
  const t = useText();
  const words = t.crm;
  const nameOf = useCrmName();
  const [chosen, setChosen] = useState<string | null>(null);
  const [byToken, setByToken] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const form = useAction<ConnectAnswer>((answer) => {
    if (!answer.ok) return;
    if (answer.url) {
      setLeaving(true);
      location.assign(answer.url);
    } else if (answer.connectionId) props.onDone?.(answer.connectionId);
  });
  const offer = props.offers.find(({ cloud }) => cloud === chosen) ?? props.offers[0];
  if (!offer) return null;
  const name = nameOf(offer.crm, offer.cloud);
  const ways = { signIn: offer.signIn !== null, token: offer.token !== null };
  const useToken = ways.token && (byToken || !ways.signIn);
  const domain = useToken ? (offer.token === "token-and-domain" ? "needed" : "none") : (offer.signIn?.domain ?? "none");
  const optional = domain === "optional";
  const where = words.whereToken[offer.crm] ?? words.whereToken[`${offer.crm}.${offer.cloud}`];
  return (
    <form.Form method="post" className="mt-5 space-y-5">
      <input type="hidden" name="intent" value={useToken ? "token" : "sign-in"} />
      <input type="hidden" name="crm" value={offer.crm} />
      {props.offers.length > 1 ? (
        <fieldset>
          <legend className="mb-2 font-medium">{words.cloud}</legend>
          <div className="space-y-2">
            {props.offers.map(({ crm, cloud }) => (
              <label key={cloud} className="flex items-center gap-2.5">
                <input
                  type="radio"
                  name="cloud"
                  value={cloud}
                  checked={cloud === offer.cloud}
                  onChange={() => setChosen(cloud)}
                  className="accent-accent"
                />
                {words.clouds[`${crm}.${cloud}`] ?? cloud}
              </label>
            ))}
          </div>
        </fieldset>
      ) : (
        <input type="hidden" name="cloud" value={offer.cloud} />
      )}
      {!ways.signIn && !ways.token && <p className="text-muted">{words.notOffered}</p>}
      {ways.signIn && !useToken && <p className="text-muted">{words.signInText(name)}</p>}
      {domain !== "none" && (
        <Field
          label={optional ? words.ownDomain : words.domain}
          hint={optional ? words.ownDomainHint : words.domainHint}
          error={form.error("domain")}
          optional={optional}
        >
          {(wiring) => (
            <Input
              {...wiring}
              name="domain"
              required={!optional}
              maxLength={253}
              defaultValue={props.address ?? ""}
              placeholder={ADDRESSES[`${offer.crm}.${offer.cloud}`]}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              inputMode="url"
            />
          )}
        </Field>
      )}
      {useToken && (
        <Field label={offer.token === "webhook-url" ? words.webhookUrl : words.token} hint={where} error={form.error("token")}>
          {(wiring) => (
            <Input
              {...wiring}
              name="token"
              type="password"
              required
              maxLength={8000}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              className="font-mono"
            />
          )}
        </Field>
      )}
      {form.error("form") && (
        <p role="alert" className="text-sm text-danger-ink">
          {form.error("form")}
        </p>
      )}
      {ways.signIn && ways.token && (
        <Button look="ghost" size="sm" className="-ml-2.5" onClick={() => setByToken(!useToken)}>
          {useToken ? words.bySignIn : words.byToken}
        </Button>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={props.onCancel}>{props.cancel}</Button>
        {(ways.signIn || ways.token) && (
          <Button type="submit" look="primary" busy={form.busy || leaving}>
            {useToken ? (
              words.connectNow
            ) : (
              <>
                {words.signIn(name)}
                <ArrowUpRight aria-hidden className="size-4" />
              </>
            )}
          </Button>
        )}
      </div>
    </form.Form>
  );
}
