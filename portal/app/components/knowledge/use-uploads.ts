import { FILE_EXTENSIONS, MAX_FILE_BYTES } from "@gpt-agent/core/limits";
import { useEffect, useSyncExternalStore } from "react";
import { type Upload, UploadQueue } from "./upload-queue";

const queues = new Map<string, UploadQueue>();
const NONE: readonly Upload[] = [];

/** The uploads to an address, which go on while other pages are shown; leaving the site asks first. */
export function useUploads(url: string, onArrived: () => void): { uploads: readonly Upload[]; queue: UploadQueue } {
  let queue = queues.get(url);
  if (!queue) {
    queue = new UploadQueue(url, { bytes: MAX_FILE_BYTES, extensions: FILE_EXTENSIONS });
    // On the server every render makes its own, so that nothing is kept between people.
    if (typeof window !== "undefined") queues.set(url, queue);
  }
  const { subscribe, getSnapshot } = queue;
  const uploads = useSyncExternalStore(subscribe, getSnapshot, () => NONE);
  const current = queue;
  useEffect(() => {
    current.onArrived = onArrived;
    const ask = (event: BeforeUnloadEvent) => {
      if (current.active) event.preventDefault();
    };
    addEventListener("beforeunload", ask);
    return () => {
      current.onArrived = () => {};
      removeEventListener("beforeunload", ask);
    };
  }, [current, onArrived]);
  return { uploads, queue: current };
}
