import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { Dialog } from "~/components/dialog";
import type { CrmOffer } from "~/http/crm-offers.server";
import { useText } from "~/i18n/text";
import { ConnectForm } from "./connect-form";
import { CrmMark, useCrmName } from "./crm-mark";

/** Connecting a CRM: which one, then how. */
export function ConnectDialog(props: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  offers: CrmOffer[];
  onDone: (connectionId: string) => void;
}) {
  const words = useText().crm;
  const nameOf = useCrmName();
  const [crm, setCrm] = useState<string | null>(null);
  const ids = [...new Set(props.offers.map((offer) => offer.crm))];
  const cloudsOf = (id: string) => props.offers.filter((offer) => offer.crm === id);
  const close = (open: boolean) => {
    props.onOpenChange(open);
    setCrm(null);
  };
  return (
    <Dialog
      open={props.open}
      onOpenChange={close}
      title={crm ? <ChosenCrm crm={crm} clouds={cloudsOf(crm).map(({ cloud }) => cloud)} /> : words.choose}
      description={crm ? undefined : ids.length ? words.chooseText : words.none}
    >
      {crm ? (
        <ConnectForm key={crm} offers={cloudsOf(crm)} cancel={words.back} onCancel={() => setCrm(null)} onDone={props.onDone} />
      ) : (
        <ul className="-mx-2 mt-4">
          {ids.map((id) => {
            const clouds = cloudsOf(id);
            return (
              <li key={id}>
                <button
                  type="button"
                  onClick={() => setCrm(id)}
                  className="flex w-full items-center gap-3 rounded-md px-2 py-2 text-left hover:bg-hover"
                >
                  <CrmMark crm={id} cloud={clouds[0]?.cloud} />
                  <span className="min-w-0 flex-1">
                    <span className="block font-medium">
                      {clouds
                        .map(({ cloud }) => nameOf(id, cloud))
                        .filter((one, at, all) => all.indexOf(one) === at)
                        .join(" / ")}
                    </span>
                    <span className="block text-sm text-muted">{words.about[id]}</span>
                  </span>
                  <ChevronRight aria-hidden className="size-4 text-muted" />
                </button>
              </li>
            );
          })}
        </ul>
      )}
    </Dialog>
  );
}

function ChosenCrm({ crm, clouds }: { crm: string; clouds: string[] }) {
  const nameOf = useCrmName();
  const names = [...new Set(clouds.map((cloud) => nameOf(crm, cloud)))];
  return (
    <span className="flex items-center gap-2.5">
      <CrmMark crm={crm} cloud={clouds[0]} className="size-7" />
      {names.join(" / ")}
    </span>
  );
}
