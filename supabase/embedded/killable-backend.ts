// A backend in a process of its own, for the test that kills it and for benches. Its configuration is the first argument, as JSON; it prints its
// URL and runs until it is killed.
import { type BackendConfig, startBackend } from "./backend.ts";

const config = JSON.parse(process.argv[2] ?? "{}") as Omit<BackendConfig, "email">;
const backend = await startBackend({ ...config, email: { async send() {} } as never });
process.stdout.write(`${backend.url}\n`);
// Whoever started it is gone.
process.on("disconnect", () => process.exit(0));
