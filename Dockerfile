# syntax=docker/dockerfile:1
# The server, its playground and its dashboard. Build at the root: docker build -t trunkline .
# Build tools stay in the first stage; the second has Node, our files, and a user without rights.

FROM node:24-slim AS build
WORKDIR /src
COPY . .
# boot.mjs fetches the pnpm that package.json names and installs by the lock file.
RUN node scripts/boot.mjs build --filter=@trunkline/server-app --filter=@trunkline/playground --filter=@trunkline/admin
RUN node scripts/boot.mjs pnpm --filter @trunkline/server-app --prod --legacy deploy /out/apps/server \
 && find /out -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete \
 && mkdir -p /out/apps/playground /out/apps/admin \
 && cp -R apps/playground/dist /out/apps/playground/dist \
 && cp -R apps/admin/dist /out/apps/admin/dist

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /trunkline
COPY --from=build --chown=root:root /out/apps ./apps
# The image's own user without rights (uid 1000); files belong to root and are only read.
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "const { HOST, PORT } = process.env; const host = !HOST || HOST === '0.0.0.0' || HOST === '::' ? '127.0.0.1' : HOST.includes(':') ? `[${HOST}]` : HOST; fetch(`http://${host}:${PORT || 8080}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/server/dist/main.js"]
