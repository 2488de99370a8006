import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { fieldsOf, startApi } from './start-api.js';

const operation = z.looseObject({
  summary: z.string().min(1),
  tags: z.array(z.string()).min(1),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string(), required: z.boolean().optional() })).optional(),
});

it('openapi.json is a valid OpenAPI document, every reference included', async () => {
  await using server = await startApi();
  const document = await fieldsOf(await server.call('GET', '/openapi.json'));
  const validator = new Validator();
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
  expect(validator.version).toBe('3.0');
  const broken = structuredClone(document);
  delete broken.info;
  expect(await new Validator().validate(broken)).toMatchObject({ valid: false });
});

it('openapi.json says of every operation what it does, and declares the parameters of its path', async () => {
  await using server = await startApi();
  const { paths } = await fieldsOf(await server.call('GET', '/openapi.json'));
  const operations = z.record(z.string(), z.record(z.string(), operation)).parse(paths);
  for (const [path, methods] of Object.entries(operations)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const [method, { parameters = [] }] of Object.entries(methods)) {
      const declared = parameters.filter((parameter) => parameter.in === 'path' && parameter.required);
      expect(
        declared.map(({ name }) => name),
        `${method} ${path}`,
      ).toEqual(inPath);
    }
  }
});

const media = z.record(z.string(), z.unknown());
const described = z.record(
  z.string(),
  z.record(
    z.string(),
    z.looseObject({
      parameters: z.array(z.looseObject({ name: z.string() })).default([]),
      requestBody: z.object({ required: z.boolean(), content: media }).optional(),
      responses: z.record(z.string(), z.looseObject({ content: media.optional() })),
      security: z.array(z.record(z.string(), z.array(z.string()))),
    }),
  ),
);
async function startDescribed() {
  const server = await startApi();
  const { paths } = await fieldsOf(await server.call('GET', '/openapi.json'));
  return Object.assign(server, { paths: described.parse(paths) });
}

it('openapi.json names the operations that want a token, and the problem document that refuses without one', async () => {
  await using server = await startDescribed();
  for (const [path, methods] of Object.entries(server.paths)) {
    for (const [method, { responses, security }] of Object.entries(methods)) {
      const answer = await server.call(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'lobby:1'));
      const wantsToken = security.some((scheme) => 'bearer' in scheme);
      // The login says 401 or 400 itself, in the words of OAuth2.
      if (path !== '/token') expect(answer.status === 401, `${method} ${path}`).toBe(wantsToken);
      if (wantsToken) expect(answer.headers.get('content-type')).toMatch('application/problem+json');
      expect(responses.default).toEqual({ $ref: '#/components/responses/problem' });
    }
  }
});

it('openapi.json declares the answers that are given', async () => {
  await using server = await startDescribed();
  const { admin } = server.tokens;
  const fact = { object: 'booking:1', relation: 'owner', user: 'u1' };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const asked = new Set<string>();
  const ask = async (method: string, path: string, status: number, sent: Parameters<typeof server.call>[2] = {}) => {
    const answer = await server.call(method, path.replaceAll(/\{\w+\}/g, 'lobby:1'), { as: admin, ...sent });
    expect(answer.status, `${method} ${path}`).toBe(status);
    const [name = ''] = path.split('?');
    const declared = server.paths[name]?.[method.toLowerCase()]?.responses[status];
    const types = [answer.headers.get('content-type')].flatMap((type) => type?.split(';')[0] ?? []);
    expect(Object.keys(declared?.content ?? {}), `${method} ${path}`).toEqual(types);
    asked.add(`${method} ${name}`);
  };
  await ask('GET', '/healthz', 200);
  await ask('GET', '/readyz', 200);
  await ask('GET', '/metrics', 200);
  await ask('GET', '/contract.json', 200);
  await ask('POST', '/token', 200, { body: { username: 'ann', password: 'password' } });
  await ask('POST', '/token', 400, { headers: form });
  await ask('POST', '/token', 401, { body: { username: 'ann', password: 'guess' } });
  await ask('GET', '/test-token', 200);
  await ask('POST', '/api/v2/auth/login', 200, { body: { phone: '+1', password: 'password' } });
  await ask('POST', '/v1/rooms/{room}/events', 200, { body: { type: 'message', data: { text: 'hi' } } });
  await ask('GET', '/v1/rooms/{room}/events', 200);
  await ask('POST', '/v1/events', 200, {
    body: { events: [{ room: 'lobby:1', type: 'message', data: { text: 'hi' } }] },
  });
  await ask('GET', '/v1/rooms/{room}/presence', 200);
  await ask('GET', '/v1/users/{id}/presence', 200);
  await ask('DELETE', '/v1/rooms/{room}', 204);
  await ask('PUT', '/v1/relations', 200, { body: fact });
  await ask('GET', '/v1/relations?object=booking:1', 200);
  await ask('DELETE', '/v1/relations', 200, { body: fact });
  await ask('DELETE', `/v1/relations?${new URLSearchParams(fact)}`, 200);
  await ask('POST', '/v1/users/{id}/disconnect', 204);
  await ask('POST', '/v1/tokens/revoke', 204, { body: { jti: 'x' } });
  await ask('POST', '/v1/tickets', 201);
  await ask('GET', '/websocket/status', 200);
  await ask('GET', '/websocket/connections', 200);
  await ask('GET', '/websocket/rooms', 200);
  await ask('POST', '/websocket/broadcast', 202, { body: { type: 'system_notification', data: {} } });
  const all = Object.entries(server.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect([...asked].sort()).toEqual(all.sort());
});

it('openapi.json shows what is sent: query with types and defaults, bodies, the idempotency key', async () => {
  await using server = await startDescribed();
  const operations = server.paths;
  const query = (path: string) => operations[path]?.get?.parameters.filter((one) => one.in === 'query');
  const number = { type: 'integer', minimum: 0 };
  expect(query('/v1/rooms/{room}/events')).toEqual([
    { in: 'query', name: 'after', required: false, schema: number },
    { in: 'query', name: 'before', required: false, schema: number },
    {
      in: 'query',
      name: 'limit',
      required: false,
      schema: { type: 'integer', minimum: 1, default: 100 },
      description: 'More than 1000 counts as 1000.',
    },
  ]);
  for (const path of ['/websocket/connections', '/websocket/rooms'])
    expect(query(path)?.map(({ name, required }) => [name, required])).toEqual([
      ['cursor', false],
      ['limit', false],
      ['prefix', false],
    ]);
  for (const path of ['/v1/rooms/{room}/events', '/v1/events'])
    expect(operations[path]?.post?.parameters).toContainEqual(
      expect.objectContaining({ in: 'header', name: 'idempotency-key', required: false }),
    );
  expect(Object.keys(operations['/token']?.post?.requestBody?.content ?? {})).toEqual([
    'application/x-www-form-urlencoded',
    'application/json',
  ]);
  const withdrawn = operations['/v1/relations']?.delete;
  expect(withdrawn?.requestBody).toMatchObject({ required: false, content: { 'application/json': {} } });
  expect(withdrawn?.parameters.map(({ name, required }) => [name, required])).toEqual([
    ['object', false],
    ['relation', false],
    ['user', false],
  ]);
});
