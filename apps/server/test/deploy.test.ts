import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Service } from 'kubernetes-models/v1/Service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { VARIABLES } from '../src/config/environment.js';
import { startApi } from './start-api.js';

// What is shown here is structure: no container engine and no Kubernetes took part.
const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const read = (file: string) => readFileSync(`${DEPLOY}${file}`, 'utf8');
const yaml = (file: string): unknown[] =>
  parseAllDocuments(read(file), { uniqueKeys: true, merge: true }).map((document) => {
    expect([...document.errors, ...document.warnings], file).toEqual([]);
    return document.toJS();
  });

describe('figures', () => {
  let names: Set<string>;
  let server: Awaited<ReturnType<typeof startApi>>;
  beforeAll(async () => {
    server = await startApi();
    const text = await (await server.call('GET', '/metrics')).text();
    names = new Set(
      [...text.matchAll(/^# TYPE (\S+) (\w+)/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each(['alerts.yml', 'grafana/trunkline.json'])('every metric that %s uses is served', (file) => {
    const used = new Set(read(file).match(/\btrunkline_\w+/g));
    expect(used.size).toBeGreaterThan(8);
    expect([...used].filter((name) => !names.has(name))).toEqual([]);
  });

  it('shows every figure of ours on the dashboard', () => {
    const dashboard = read('grafana/trunkline.json');
    const ours = [...names].filter((name) => !/_nodejs_|_process_|_sum$|_count$/.test(name));
    expect(ours.filter((name) => !dashboard.includes(name))).toEqual([]);
  });
});

it('every YAML file has one meaning', () => {
  const files = readdirSync(DEPLOY, { recursive: true, encoding: 'utf8' }).filter((file) => /\.ya?ml$/.test(file));
  expect(files.length).toBeGreaterThan(4);
  for (const file of files) yaml(file);
});

it('compose starts two nodes that drain in time, with variables that exist and files that are there', () => {
  const service = z.looseObject({
    environment: z.record(z.string(), z.string()).optional(),
    volumes: z.array(z.string()).optional(),
    depends_on: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).optional(),
    stop_grace_period: z.string().optional(),
    ulimits: z.object({ nofile: z.number() }).optional(),
  });
  const [file] = yaml('compose.yaml');
  const { services, volumes } = z
    .object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.unknown()) })
    .parse(file);
  expect(Object.keys(services).sort()).toEqual(['grafana', 'haproxy', 'node1', 'node2', 'prometheus', 'redis']);
  for (const node of [services.node1, services.node2]) {
    expect(Object.keys(node?.environment ?? {}).filter((name) => !VARIABLES.includes(name))).toEqual([]);
    expect(Number.parseInt(node?.stop_grace_period ?? '', 10)).toBeGreaterThan(30);
  }
  for (const { depends_on: needed = [], volumes: mounts = [] } of Object.values(services)) {
    for (const name of Array.isArray(needed) ? needed : Object.keys(needed)) expect(services).toHaveProperty(name);
    for (const [source = ''] of mounts.map((mount) => mount.split(':'))) {
      if (!source.startsWith('.')) expect(volumes).toHaveProperty(source);
      else if (!source.startsWith('./secrets/')) expect(existsSync(DEPLOY + source), source).toBe(true);
    }
  }
  // 32: what HAProxy opens besides two sockets for each connection.
  const [, connections] = /^ {4}maxconn (\d+)$/m.exec(read('haproxy.cfg')) ?? [];
  expect(services.haproxy?.ulimits?.nofile).toBeGreaterThanOrEqual(2 * Number(connections) + 32);
  const proxied = [...read('haproxy.cfg').matchAll(/^ {4}server \w+ (\w+):8080$/gm)].map(([, name]) => name);
  expect(new Set(proxied)).toEqual(new Set(['node1', 'node2']));
});

it('Kubernetes gets probes that exist, a grace longer than the drain, and no rights', () => {
  const objects = yaml('kubernetes.yaml').map((object) =>
    z
      .looseObject({ apiVersion: z.string(), kind: z.string(), metadata: z.looseObject({ name: z.string() }) })
      .parse(object),
  );
  expect(objects.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toEqual([
    'v1 ConfigMap',
    'apps/v1 Deployment',
    'v1 Service',
    'policy/v1 PodDisruptionBudget',
  ]);
  const [config, deployment, service, budget] = objects;
  const { data } = z.looseObject({ data: z.record(z.string(), z.string()) }).parse(config);
  expect(Object.keys(data).filter((name) => !VARIABLES.includes(name))).toEqual([]);
  expect(deployment).toMatchObject({
    spec: {
      selector: { matchLabels: { app: 'trunkline' } },
      template: {
        metadata: { labels: { app: 'trunkline' } },
        spec: {
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
              readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
              lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
            },
          ],
        },
      },
    },
  });
  const { spec } = z
    .looseObject({
      spec: z.looseObject({
        template: z.looseObject({ spec: z.looseObject({ terminationGracePeriodSeconds: z.number() }) }),
      }),
    })
    .parse(deployment);
  expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(
    5 + Number(data.DRAIN_DEADLINE_MS) / 1_000 + 5,
  );
  for (const object of [service, budget]) expect(JSON.stringify(object?.spec)).toContain('"app":"trunkline"');
});

it('Kubernetes takes every manifest by its own schemas', () => {
  const [config, deployment, service, budget] = yaml('kubernetes.yaml');
  const validate = (Model: new (data: never) => { validate(): void }, object: unknown) =>
    // What is under test is whether it has the type.
    new Model(object as never).validate();
  validate(ConfigMap, config);
  validate(Deployment, deployment);
  validate(Service, service);
  validate(PodDisruptionBudget, budget);
  expect(() => validate(Deployment, { ...Object(deployment), spec: { replicas: 'three' } })).toThrow(/replicas/);
});

it.each([
  ['127.0.0.1', undefined],
  ['127.0.0.1', '0.0.0.0'],
  ['127.0.0.2', '127.0.0.2'],
])('the image finds a server that listens on %s when HOST is %s', async (address, HOST = '') => {
  const [, command = ''] =
    /^HEALTHCHECK [\s\S]*?CMD (\[.+\])$/m.exec(readFileSync(`${DEPLOY}../Dockerfile`, 'utf8')) ?? [];
  const [, ...words] = z.array(z.string()).parse(JSON.parse(command));
  const server = createServer((request, response) => response.writeHead(request.url === '/healthz' ? 200 : 404).end());
  await once(server.listen(0, address), 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const check = () => promisify(execFile)(process.execPath, words, { env: { HOST, PORT: String(port) } });
  await check();
  server.close();
  await expect(check()).rejects.toMatchObject({ code: 1 });
});

it('the image runs without rights, asks a path that exists, and leaves the build tools behind', () => {
  const [, build = '', final = ''] = readFileSync(`${DEPLOY}../Dockerfile`, 'utf8').split(/^FROM /m);
  expect(build).toMatch(/^node:24-slim AS build/);
  expect(final).toMatch(/^node:24-slim\n/);
  expect(final).toMatch(/^USER 1000/m);
  expect(final).toMatch(/^HEALTHCHECK [\s\S]*\/healthz/m);
  expect(final).not.toMatch(/^RUN /m);
});
