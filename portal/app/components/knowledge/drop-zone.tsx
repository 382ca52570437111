import { FILE_EXTENSIONS, MAX_FILE_BYTES, MAX_FILES_AT_ONCE } from "@gpt-agent/core/limits";
import { Upload } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useFormats, useText } from "~/i18n/text";
import { Button } from "../button";
import { classNames } from "../class-names";
import { Banner } from "../page";

/**
 * Takes files by drop (anywhere on the page) and by the picker. `empty` stands in for the slim zone while there is
 * nothing else on the page.
 */
export function DropZone({ onFiles, empty }: { onFiles: (files: File[]) => void; empty?: ReactNode }) {
  const t = useText();
  const { size } = useFormats();
  const picker = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [leftOut, setLeftOut] = useState(false);
  const take = useRef<(files: File[]) => void>(() => {});
  take.current = (files) => {
    setLeftOut(files.length > MAX_FILES_AT_ONCE);
    if (files.length) onFiles(files.slice(0, MAX_FILES_AT_ONCE));
  };

  useEffect(() => {
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const onDragOver = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onDragLeave = (event: DragEvent) => {
      if (!event.relatedTarget) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(false);
      take.current([...(event.dataTransfer?.files ?? [])]);
    };
    addEventListener("dragover", onDragOver);
    addEventListener("dragleave", onDragLeave);
    addEventListener("drop", onDrop);
    return () => {
      removeEventListener("dragover", onDragOver);
      removeEventListener("dragleave", onDragLeave);
      removeEventListener("drop", onDrop);
    };
  }, []);

  return (
    <div>
      <div
        className={classNames(
          "rounded-lg border border-dashed transition-colors",
          over ? "border-accent-ink bg-accent-soft text-accent-ink" : "border-line-strong bg-surface",
          empty ? "px-4 py-12" : "px-4 py-5",
        )}
      >
        {empty}
        <div
          className={classNames(
            "flex flex-col items-center gap-1 text-center",
            empty ? "mt-5" : "sm:flex-row sm:justify-between sm:gap-4 sm:text-left",
          )}
        >
          <div className="flex items-center gap-3">
            {!empty && <Upload aria-hidden className="hidden size-5 shrink-0 text-muted sm:block" />}
            <div>
              <p className="font-medium">{over ? t.knowledge.dropNow : t.knowledge.drop}</p>
              <p className={classNames("mt-0.5 text-sm", !over && "text-muted")}>{t.knowledge.formats(size(MAX_FILE_BYTES))}</p>
            </div>
          </div>
          <Button look="primary" className={empty ? "mt-4" : "mt-3 sm:mt-0"} onClick={() => picker.current?.click()}>
            {t.knowledge.choose}
          </Button>
        </div>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          accept={FILE_EXTENSIONS.join(",")}
          aria-label={t.knowledge.choose}
          data-testid="file-picker"
          onChange={(event) => {
            take.current([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </div>
      {leftOut && (
        <Banner tone="warning" className="mt-3">
          {t.knowledge.uploadTooMany(MAX_FILES_AT_ONCE)}
        </Banner>
      )}
    </div>
  );
}
