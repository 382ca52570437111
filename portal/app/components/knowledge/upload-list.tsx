import { MAX_FILE_BYTES } from "@gpt-agent/core/limits";
import { CircleAlert, RotateCw, X } from "lucide-react";
import { useFormats, useText } from "~/i18n/text";
import { displayFileName } from "~/models/file-name";
import { IconButton } from "../button";
import { Card } from "../page";
import type { Upload, UploadFailure, UploadQueue } from "./upload-queue";

/** Files on their way, each with its progress and what can be done about it. */
export function UploadList({ uploads, queue }: { uploads: readonly Upload[]; queue: UploadQueue }) {
  const t = useText();
  if (!uploads.length) return null;
  return (
    <Card aria-label={t.knowledge.uploads} className="divide-y divide-line">
      {uploads.map((upload) => (
        <UploadRow key={upload.id} upload={upload} queue={queue} />
      ))}
    </Card>
  );
}

function UploadRow({ upload, queue }: { upload: Upload; queue: UploadQueue }) {
  const t = useText();
  const { percent, size } = useFormats();
  const name = displayFileName(upload.name);
  const share = upload.size ? upload.sent / upload.size : 0;
  const failures: Record<UploadFailure, string> = {
    broken: t.knowledge.uploadFailed,
    unavailable: t.knowledge.uploadFailed,
    too_large: t.knowledge.uploadTooLarge(size(MAX_FILE_BYTES)),
    empty: t.knowledge.uploadEmpty,
    unsupported_type: t.knowledge.uploadType,
    forbidden: t.knowledge.uploadForbidden,
  };
  const running = upload.state === "waiting" || upload.state === "sending" || upload.state === "finishing";
  const state = {
    waiting: t.knowledge.waiting,
    sending: t.knowledge.uploading(percent(share)),
    finishing: t.knowledge.checking,
    cancelled: t.knowledge.cancelled,
    failed: failures[upload.failure ?? "broken"],
  }[upload.state];
  return (
    <div className="flex items-center gap-3 px-4 py-3">
      <div className="min-w-0 flex-1">
        <div className="flex items-baseline justify-between gap-3">
          <span className="truncate font-medium" dir="auto">
            {name}
          </span>
          <span className="shrink-0 text-sm text-muted">{size(upload.size)}</span>
        </div>
        {running && (
          <div
            role="progressbar"
            aria-label={name}
            aria-valuenow={Math.round(share * 100)}
            aria-valuemin={0}
            aria-valuemax={100}
            className="mt-2 h-1 overflow-hidden rounded-full bg-hover"
          >
            <div className="h-full rounded-full bg-accent transition-[width]" style={{ width: `${share * 100}%` }} />
          </div>
        )}
        <p
          role={upload.state === "failed" ? "alert" : undefined}
          className={upload.state === "failed" ? "mt-1 flex gap-1.5 text-sm text-danger-ink" : "mt-1 text-sm text-muted"}
        >
          {upload.state === "failed" && <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />}
          {state}
        </p>
      </div>
      {!running && (upload.state === "cancelled" || upload.failure === "broken" || upload.failure === "unavailable") && (
        <IconButton label={`${t.knowledge.retryUpload}: ${name}`} onClick={() => queue.retry(upload.id)}>
          <RotateCw aria-hidden className="size-4" />
        </IconButton>
      )}
      <IconButton
        label={`${running ? t.common.cancel : t.knowledge.dismiss}: ${name}`}
        onClick={() => (running ? queue.cancel(upload.id) : queue.dismiss(upload.id))}
      >
        <X aria-hidden className="size-4" />
      </IconButton>
    </div>
  );
}
