# The embedded backend: Postgres (PGlite), Auth, REST and Storage in one process, in place of Supabase. For one machine.
# docker build -f infra/docker/backend.Dockerfile -t gpt-agent-backend .
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

# The packages that this one process runs with.
FROM source AS packages
RUN npm ci --omit=dev --workspace=supabase

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=packages /app/package.json package.json
COPY --from=packages /app/core core
COPY --from=packages /app/supabase supabase
COPY --from=build /app/supabase/dist supabase/dist
COPY supabase/migrations supabase/migrations
COPY supabase/templates supabase/templates
COPY supabase/embedded/demo/knowledge supabase/embedded/demo/knowledge
COPY supabase/embedded/demo/avatar.png supabase/embedded/demo/
# A new volume takes its owner from here.
RUN mkdir -p /data && chown 1000:1000 /data
ENV DATA_FOLDER=/data MAILBOX_FOLDER=/data/mailbox BACKEND_HOST=0.0.0.0 BACKEND_PORT=54321
VOLUME /data
USER 1000:1000
EXPOSE 54321
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.BACKEND_PORT}/auth/v1/health`, { headers: { apikey: process.env.SUPABASE_PUBLISHABLE_KEY } }).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node is PID 1 and has handlers of SIGTERM and SIGINT; it starts no processes.
CMD ["node", "--enable-source-maps", "supabase/dist/main.js"]
