# The portal: pages, APIs and the widget's files.
# docker build -f infra/docker/portal.Dockerfile -t gpt-agent-portal .
# scripts/check-image.mjs takes the same steps without Docker; infra/docker/images.test.ts keeps the rules.
FROM node:20.20.2-bookworm-slim AS source
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY core/package.json core/
COPY portal/package.json portal/
COPY widget/package.json widget/
COPY worker/package.json worker/
COPY supabase/package.json supabase/
COPY e2e/package.json e2e/

# Everything that builds, and nothing of it in the image.
FROM source AS build
RUN npm ci
COPY rollup.config.js tsconfig.json ./
COPY scripts scripts
COPY core core
COPY widget widget
COPY portal portal
COPY worker worker
COPY supabase supabase
RUN node scripts/build.mjs

# The packages that this one process runs with. @sentry/remix brings a command for CI along, whose licence is not one to ship (scripts/licenses.mjs).
FROM source AS packages
RUN npm ci --omit=dev --workspace=portal && rm -rf node_modules/@sentry/cli node_modules/@sentry/cli-*

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=packages /app/package.json package.json
COPY --from=packages /app/core core
COPY --from=packages /app/portal portal
COPY --from=build /app/portal/build portal/build
COPY --from=build /app/widget/dist widget/dist
COPY portal/server.mjs portal/handler.mjs portal/listen.mjs portal/send-back.mjs portal/
USER 1000:1000
EXPOSE 3000
# It answers; whether all it needs answers too is for the load balancer to ask (without ?live=1).
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT ?? 3000}/api/health?live=1`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node is PID 1 and has handlers of SIGTERM and SIGINT; it starts no processes.
# One helper thread for V8: the four of its default take the core from under the event loop (scripts/supervisor.mjs).
CMD ["node", "--enable-source-maps", "--v8-pool-size=1", "portal/server.mjs"]
