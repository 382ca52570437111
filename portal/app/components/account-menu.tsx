import { Form, Link } from "@remix-run/react";
import { CircleUser, ListChecks, LogOut } from "lucide-react";
import { Popover } from "radix-ui";
import { useText } from "~/i18n/text";
import { classNames } from "./class-names";
import { menuPanel } from "./menu";
import { LocaleSwitch, ThemeSwitch } from "./preferences";

type Props = {
  email: string;
  /** Whether this person runs the platform: there is a way to its queue. */
  runsPlatform?: boolean;
  compact?: boolean;
};

/** The person: who is signed in, language, theme, sign out. */
export function AccountMenu({ email, runsPlatform, compact }: Props) {
  const t = useText();
  return (
    <Popover.Root>
      <Popover.Trigger
        aria-label={`${t.shell.account}: ${email}`}
        className={classNames(
          "flex h-10 items-center gap-2.5 rounded-md px-2 transition-colors hover:bg-hover data-[state=open]:bg-hover",
          compact ? "w-10 justify-center" : "w-full min-w-0 text-left",
        )}
      >
        <CircleUser aria-hidden className="size-5 shrink-0 text-muted" />
        {!compact && <span className="min-w-0 flex-1 truncate text-sm">{email}</span>}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align={compact ? "end" : "start"}
          sideOffset={6}
          collisionPadding={12}
          className={classNames(menuPanel, "w-64 p-0")}
        >
          <div className="border-b border-line px-4 py-3">
            <p className="text-xs text-muted">{t.shell.signedInAs}</p>
            <p className="truncate font-medium" title={email}>
              {email}
            </p>
          </div>
          <div className="space-y-3 px-4 py-3">
            <div className="flex items-center justify-between gap-3">
              <span className="text-sm text-muted">{t.preferences.language}</span>
              <LocaleSwitch />
            </div>
            <div className="flex items-center justify-between gap-3">
              <span className="text-sm text-muted">{t.preferences.theme}</span>
              <ThemeSwitch />
            </div>
          </div>
          {runsPlatform && (
            <div className="border-t border-line p-1">
              <Popover.Close asChild>
                <Link to="/platform/queue" className="flex h-9 items-center gap-2.5 rounded-md px-3 hover:bg-hover">
                  <ListChecks aria-hidden className="size-4 text-muted" />
                  {t.platform.menu}
                </Link>
              </Popover.Close>
            </div>
          )}
          <Form method="post" action="/logout" className="border-t border-line p-1">
            <button type="submit" className="flex h-9 w-full items-center gap-2.5 rounded-md px-3 hover:bg-hover">
              <LogOut aria-hidden className="size-4 text-muted" />
              {t.auth.signOut}
            </button>
          </Form>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
