# imbarco runs its TypeScript sources as they are: no build step, what is tested is what runs.

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
# The user owns its data and key folder, and nothing of the program.
RUN useradd --system --uid 20143 --home-dir /var/lib/imbarco --shell /usr/sbin/nologin imbarco \
 && install -d -o imbarco -g imbarco -m 0700 /var/lib/imbarco \
 && install -d -o root -g imbarco -m 0770 /etc/imbarco
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY tools/imbarco.mjs tools/warm-cache.mjs ./tools/
COPY src ./src
# What Node makes of the sources, kept for the user, who may not change it: without that, every start takes 15 MB more.
RUN install -d -o imbarco node_modules/.cache/imbarco \
 && setpriv --reuid=imbarco --regid=imbarco --clear-groups node tools/warm-cache.mjs \
 && chown -R root:root node_modules/.cache \
 && chmod -R go=rX node_modules/.cache
RUN ln -s /app/tools/imbarco.mjs /usr/local/bin/imbarco
USER imbarco
# The configuration, TLS files and master key; the database. Ports as the configuration names them: Docker lets everybody
# listen below 1024.
VOLUME ["/etc/imbarco", "/var/lib/imbarco"]
EXPOSE 110 143 465 587 993 995 4190
# Answers when the configuration has `admin: { listen: "127.0.0.1:8025" }`.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8025/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "tools/imbarco.mjs"]
CMD ["serve"]
