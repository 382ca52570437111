import type { LoaderFunctionArgs } from "@remix-run/node";
import { metricsAnswer } from "~/http/metrics/portal-metrics";
import { metrics, metricsDoor } from "~/services.server";

/** Figures of this process for Prometheus (docs/MONITORING.md). */
export const loader = ({ request }: LoaderFunctionArgs) => metricsAnswer(request, metrics, metricsDoor);
