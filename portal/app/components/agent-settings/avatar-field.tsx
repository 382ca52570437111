import { useRef, useState } from "react";
import { useText } from "~/i18n/text";
import { AgentAvatar } from "../agent-avatar";
import { Button } from "../button";

const SIZE = 96;

/** The picture's middle square, scaled to 96 × 96, as a data URL. Rejects for what is no picture. */
async function toSquare(file: File): Promise<string> {
  const picture = await createImageBitmap(file);
  const side = Math.min(picture.width, picture.height);
  const canvas = document.createElement("canvas");
  canvas.width = SIZE;
  canvas.height = SIZE;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("No canvas");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, SIZE, SIZE);
  picture.close();
  return canvas.toDataURL("image/png");
}

/** Chooses the agent's picture; it is cropped and scaled in the browser and travels in the form as a data URL. */
export function AvatarField(props: { name: string; color: string; initial: string | null; error: string | null; onChange: () => void }) {
  const t = useText();
  const picker = useRef<HTMLInputElement>(null);
  const [avatar, setAvatar] = useState(props.initial);
  const [unreadable, setUnreadable] = useState(false);
  const set = (next: string | null) => {
    setAvatar(next);
    setUnreadable(false);
    props.onChange();
  };
  const error = unreadable ? t.errors.avatar : props.error;
  return (
    <div className="flex items-center gap-4">
      <AgentAvatar name={props.name || "?"} avatar={avatar} color={props.color} className="size-14 text-xl" />
      <div className="min-w-0">
        <p className="mb-1.5 font-medium">{t.agentSettings.avatar}</p>
        <div className="flex flex-wrap gap-2">
          <Button size="sm" onClick={() => picker.current?.click()}>
            {t.agentSettings.avatarChoose}
          </Button>
          {avatar && (
            <Button size="sm" look="ghost" onClick={() => set(null)}>
              {t.agentSettings.avatarRemove}
            </Button>
          )}
        </div>
        <p className="mt-1.5 text-sm text-muted">{t.agentSettings.avatarHint}</p>
        {error && (
          <p role="alert" className="mt-1 text-sm text-danger-ink">
            {error}
          </p>
        )}
      </div>
      <input type="hidden" name="avatar" value={avatar ?? ""} />
      <input
        ref={picker}
        type="file"
        hidden
        accept="image/png,image/jpeg,image/webp"
        aria-label={t.agentSettings.avatarChoose}
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          event.target.value = "";
          if (file) toSquare(file).then(set, () => setUnreadable(true));
        }}
      />
    </div>
  );
}
