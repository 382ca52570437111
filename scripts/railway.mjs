// Deploys the worker on Railway and goes back to what ran before, over Railway's GraphQL API (https://docs.railway.com/reference/public-api). Its
// command line tool would fetch a program when it is installed; this needs Node alone.
//
//   node scripts/railway.mjs current                  prints the id of the deployment that runs
//   node scripts/railway.mjs deploy <commit>          builds and starts a commit; ends when it is healthy, with 1 when it is not
//   node scripts/railway.mjs rollback <deployment>    starts an earlier deployment again
//
// Environment: RAILWAY_TOKEN (a project token), RAILWAY_SERVICE_ID, RAILWAY_ENVIRONMENT_ID; RAILWAY_API for tests.

const { RAILWAY_TOKEN, RAILWAY_SERVICE_ID, RAILWAY_ENVIRONMENT_ID } = process.env;
const API = process.env.RAILWAY_API || "https://backboard.railway.com/graphql/v2";
const LOOK_EVERY_MS = Number(process.env.RAILWAY_LOOK_EVERY_MS || 5_000);
/** A build and its start may take so long, in milliseconds. */
const PATIENCE_MS = 15 * 60_000;
const where = { serviceId: RAILWAY_SERVICE_ID, environmentId: RAILWAY_ENVIRONMENT_ID };

async function ask(query, variables) {
  const response = await fetch(API, {
    method: "POST",
    headers: { "content-type": "application/json", "project-access-token": RAILWAY_TOKEN },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(30_000),
  });
  const { data, errors } = await response.json().catch(() => ({ errors: [{ message: `HTTP ${response.status}` }] }));
  if (errors?.length || !data) throw new Error(`Railway: ${errors?.map(({ message }) => message).join("; ") ?? "no answer"}`);
  return data;
}

/** The newest deployment that is running, or null. */
async function current() {
  const { deployments } = await ask(
    "query($input: DeploymentListInput!) { deployments(input: $input, first: 10) { edges { node { id status createdAt } } } }",
    { input: where },
  );
  const running = deployments.edges.map(({ node }) => node).filter(({ status }) => status === "SUCCESS");
  return running.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0]?.id ?? null;
}

/** Waits until a deployment runs. @throws when it ends otherwise, or takes too long */
async function untilRunning(id) {
  const deadline = Date.now() + PATIENCE_MS;
  let told;
  while (Date.now() < deadline) {
    const { deployment } = await ask("query($id: String!) { deployment(id: $id) { status } }", { id });
    if (deployment.status !== told) console.error(`${id}: ${deployment.status}`);
    told = deployment.status;
    if (told === "SUCCESS") return;
    if (["FAILED", "CRASHED", "REMOVED", "SKIPPED"].includes(told)) throw new Error(`The deployment ${id} has ended: ${told}`);
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
  }
  throw new Error(`The deployment ${id} did not run within ${PATIENCE_MS / 60_000} minutes.`);
}

const commands = {
  async current() {
    console.log((await current()) ?? "");
  },
  async deploy(commitSha) {
    const { serviceInstanceDeployV2: id } = await ask(
      "mutation($serviceId: String!, $environmentId: String!, $commitSha: String) { serviceInstanceDeployV2(serviceId: $serviceId, environmentId: $environmentId, commitSha: $commitSha) }",
      { ...where, commitSha },
    );
    await untilRunning(id);
    console.log(id);
  },
  async rollback(id) {
    const before = await current();
    if (before === id) return console.log(`${id} runs already.`);
    await ask("mutation($id: String!) { deploymentRollback(id: $id) }", { id });
    console.log(`Went back to ${id}.`);
  },
};

const [command, argument] = process.argv.slice(2);
const missing = ["RAILWAY_TOKEN", "RAILWAY_SERVICE_ID", "RAILWAY_ENVIRONMENT_ID"].filter((name) => !process.env[name]);
if (!commands[command] || (command !== "current" && !argument)) {
  console.error("Usage: node scripts/railway.mjs current | deploy <commit> | rollback <deployment>");
  process.exit(64);
}
if (missing.length) {
  console.error(`Set ${missing.join(", ")}.`);
  process.exit(78);
}
await commands[command](argument).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
