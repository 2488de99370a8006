import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ActionRequest } from '@trunkline/server';
import { expect, it } from 'vitest';
import { createActionWebhook } from '../src/actions/action-webhook.js';

const secret = 'a secret of the action webhook';
interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** An action backend whose answer a test writes. */
async function startBackend(answer: (res: ServerResponse, received: Received) => void) {
  const received: Received[] = [];
  const aborted: Promise<void>[] = [];
  const server = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    aborted.push(new Promise((resolve) => res.once('close', resolve)));
    received.push({ headers: req.headers, body });
    answer(res, { headers: req.headers, body });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/actions`;
  return {
    received,
    aborted,
    url,
    forward: createActionWebhook({ url, secret, timeoutMs: 5_000, maxBytes: 10_000 }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function ask(fields: Partial<ActionRequest> = {}): ActionRequest & { readonly seen: unknown[] } {
  const seen: unknown[] = [];
  return {
    action: 'process',
    requestId: 'r1',
    data: { value: 1 },
    signal: new AbortController().signal,
    seen,
    principal: { userId: 'u1', roles: ['member'], companyId: 'c1', rooms: [], claims: {}, expiresAt: null },
    progress: (data) => seen.push(data),
    ...fields,
  };
}
const json = (res: ServerResponse, value: unknown, status = 200) =>
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

it('sends a signed request and gives back data', async () => {
  await using backend = await startBackend((res) => json(res, { data: { ok: true } }));
  expect(await backend.forward(ask({ sessionId: 's1', artifactId: 'a1' }))).toEqual({ ok: true });
  const [{ headers, body } = { headers: {}, body: '' }] = backend.received;
  expect(JSON.parse(body)).toEqual({
    action: 'process',
    requestId: 'r1',
    data: { value: 1 },
    user: { id: 'u1', roles: ['member'], company_id: 'c1' },
    sessionId: 's1',
    artifactId: 'a1',
  });
  const [, time, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-trunkline-signature'])) ?? [];
  expect(digest).toBe(createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'));
  expect(Math.abs(Number(time) - Date.now() / 1_000)).toBeLessThan(5);
});

it('keeps the Idempotency-Key of one request and changes it for another user, action or id', async () => {
  await using backend = await startBackend((res) => json(res, { data: 1 }));
  const other = { ...ask().principal, userId: 'u2' };
  for (const request of [
    ask(),
    ask(),
    ask({ requestId: 'r2' }),
    ask({ action: 'else' }),
    ask({ principal: other }),
    ask({ idempotencyId: 'socket 7: r1' }),
  ])
    await backend.forward(request);
  const keys = backend.received.map(({ headers }) => headers['idempotency-key']);
  expect(keys[0]).toBe(keys[1]);
  expect(new Set(keys).size).toBe(5);
});

it.each([200, 400, 403, 422, 500])('passes an error on as it is, with status %i', async (status) => {
  await using backend = await startBackend((res) =>
    json(res, { error: { code: 'QUOTA_SPENT', message: 'Ask tomorrow.' } }, status),
  );
  await expect(backend.forward(ask())).rejects.toMatchObject({
    name: 'TrunklineError',
    code: 'QUOTA_SPENT',
    message: 'Ask tomorrow.',
    retryable: false,
  });
});

it.each([
  [true, true],
  [false, false],
  ['yes', false],
])('passes on whether an error may be retried: %j becomes %j', async (said, retryable) => {
  await using backend = await startBackend((res) =>
    json(res, { error: { code: 'BUSY', message: 'Later.', retryable: said } }, 503),
  );
  await expect(backend.forward(ask())).rejects.toMatchObject({ code: 'BUSY', retryable });
});

it.each([undefined, 'application/json', 'text/plain', 'application/x-ndjson'])(
  'passes progress on line by line, with content type %s',
  async (type) => {
    await using backend = await startBackend((res) => {
      res.writeHead(200, type === undefined ? {} : { 'content-type': type });
      res.write('{"progress":{"percent":10}}\n{"progr');
      res.write('ess":{"percent":20}}\n\n{"data":');
      res.end('"done"}');
    });
    const request = ask();
    expect(await backend.forward(request)).toBe('done');
    expect(request.seen).toEqual([{ percent: 10 }, { percent: 20 }]);
  },
);

it('passes progress on before the answer ends', async () => {
  let finish = () => {};
  await using backend = await startBackend((res) => {
    res.writeHead(200, { 'content-type': 'application/json' }).write('{"progress":1}\n');
    finish = () => res.end('{"data":"done"}');
  });
  const answer = backend.forward(ask({ progress: () => finish() }));
  expect(await answer).toBe('done');
});

it('reads a result over several lines, after progress too', async () => {
  const data = [{ progress: 1 }, { text: 'two\nlines' }];
  const pretty = '{"data": [\n{"progress": 1}\n,\n{"text": "two\\nlines"}\n]}\n';
  await using backend = await startBackend((res, { body }) => {
    if (JSON.parse(body).action === 'process') res.write('{"progress":0}\n');
    res.end(pretty);
  });
  const [plain, told] = [ask({ action: 'else' }), ask()];
  expect(await backend.forward(plain)).toEqual(data);
  expect(plain.seen).toEqual([]);
  expect(await backend.forward(told)).toEqual(data);
  expect(told.seen).toEqual([0]);
});

it('takes a result with a progress of its own for the result', async () => {
  await using backend = await startBackend((res) => json(res, { data: 'done', progress: 100 }));
  const request = ask();
  expect(await backend.forward(request)).toBe('done');
  expect(request.seen).toEqual([]);
});

it('ends with timeout when no answer comes, and hangs up', async () => {
  await using backend = await startBackend(() => undefined);
  const forward = createActionWebhook({ url: backend.url, secret, timeoutMs: 50, maxBytes: 1_000 });
  await expect(forward(ask())).rejects.toMatchObject({ code: 'timeout' });
  await backend.aborted[0];
});

it('hangs up when the request is cancelled', async () => {
  await using backend = await startBackend(() => undefined);
  const abort = new AbortController();
  const running = backend.forward(ask({ signal: abort.signal }));
  await expect.poll(() => backend.received.length, { interval: 5 }).toBe(1);
  abort.abort();
  await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  await backend.aborted[0];
});

it('says unavailable when nothing was sent', async () => {
  const backend = await startBackend(() => undefined);
  await backend[Symbol.asyncDispose]();
  await expect(backend.forward(ask())).rejects.toMatchObject({ code: 'unavailable', retryable: true });
});

it.each([
  [
    'a page of a proxy',
    (res: ServerResponse) => res.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
  ],
  ['neither data nor error', (res: ServerResponse) => json(res, { result: 1 })],
  [
    'half a line',
    (res: ServerResponse) => res.writeHead(200, { 'content-type': 'application/x-ndjson' }).end('{"progress":1}\n{"da'),
  ],
  ['a reset', (res: ServerResponse) => res.destroy()],
  ['a redirect', (res: ServerResponse) => res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
])('says unknown_outcome, safe to retry, for %s', async (_, answer) => {
  await using backend = await startBackend(answer);
  await expect(backend.forward(ask())).rejects.toMatchObject({ code: 'unknown_outcome', retrySafe: true });
});

it('reads no more than the message limit', async () => {
  await using backend = await startBackend((res) => json(res, { data: 'x'.repeat(20_000) }));
  await expect(backend.forward(ask())).rejects.toMatchObject({ code: 'too_large' });
});
