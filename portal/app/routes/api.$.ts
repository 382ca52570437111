import { AppError } from "@gpt-agent/core/errors";
import { apiRoute } from "~/http/api-route";
import { log } from "~/services.server";

const nothingHere = async (): Promise<Response> => {
  throw new AppError("not_found", "There is nothing at this address. The API is described at /api-docs.");
};
const route = apiRoute(log, {
  GET: nothingHere,
  POST: nothingHere,
  PUT: nothingHere,
  PATCH: nothingHere,
  DELETE: nothingHere,
  OPTIONS: nothingHere,
});
export const loader = route;
export const action = route;
