import { replayIntegration } from "@sentry/remix";

/**
 * Records the minute before an error as an outline: texts and what is typed are masked, pictures left out. It is kept in memory and goes out
 * with an error only.
 */
export const replay = () =>
  replayIntegration({
    maskAllText: true,
    maskAllInputs: true,
    blockAllMedia: true,
    maskAttributes: ["title", "placeholder", "aria-label", "alt", "value", "href", "data-reports", "content", "action"],
    // What hidden fields hold is masked by none of these.
    block: ["input[type=hidden]"],
    // A worker from a blob would need a wider Content-Security-Policy.
    useCompression: false,
    // An error in the first seconds is as good as any.
    minReplayDuration: 0,
    networkDetailAllowUrls: [],
  });
