import { once } from 'node:events';
import type { Dialect } from '@trunkline/server';
import { eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ActionsDialectOptions, actionsDialect } from '../src/actions/index.js';
import { connectActions } from '../src/actions/speaker.js';
import { type StartedHub, startHub } from './support/start-hub.js';

const PAGE = 'https://app.example.com';
const start = (options: ActionsDialectOptions = {}, hubOptions = {}) =>
  startHub([actionsDialect(options)], { forwardAction: async ({ data }) => data, ...hubOptions });

/** Without a `sid` it begins a session. */
function poll({ port }: StartedHub, init: RequestInit = {}, query = ''): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/realtime/?EIO=4&transport=polling&sessionId=s${query}`, init);
}

/** What a new session is told of itself, behind the packet's type. */
async function opening(response: Response): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse((await response.text()).slice(1));
}

/** A session by WebSocket, spoken by hand: its packets, without the one that opens it. */
async function dial({ port }: StartedHub) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/realtime/?EIO=4&transport=websocket&sessionId=s`);
  const packets: string[] = [];
  socket.on('message', (data) => packets.push(String(data)));
  await eventually(() => packets.shift()?.startsWith('0'));
  return {
    socket,
    connect: (token: string) => socket.send(`40${JSON.stringify({ token })}`),
    /** Of so many packets the types. */
    async heard(count: number): Promise<string[]> {
      await eventually(() => packets.length >= count);
      return packets.splice(0).map((packet) => packet.slice(0, 2));
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}

test('a session is told the hub’s own rhythm and bound', async () => {
  const limits = { maxMessageBytes: 4_321 };
  await using served = await start({}, { heartbeat: { intervalMs: 1_234, timeoutMs: 2_345 }, limits });
  expect(await opening(await poll(served))).toMatchObject({
    maxPayload: 4_321,
    pingInterval: 1_234,
    pingTimeout: 2_345,
  });
});

test('a session has the name that the application makes', async () => {
  let names = 0;
  await using served = await start({ createSessionId: () => `session-${++names}` });
  expect(await opening(await poll(served))).toMatchObject({ sid: 'session-1' });
  expect(await opening(await poll(served))).toMatchObject({ sid: 'session-2' });
});

test('a session that could not begin counts no more for its address', async () => {
  let names = 0;
  const createSessionId = () => {
    if (++names === 1) throw new Error('no name');
    return 'session-2';
  };
  await using served = await start({ createSessionId }, { limits: { connectionsPerAddress: 1 } });
  expect((await poll(served)).status).toBe(400);
  await eventually(async () => (await poll(served)).status === 200);
});

test('who does not connect in the time for a hello is closed, by WebSocket and by polling', async () => {
  await using served = await start({}, { limits: { helloTimeoutMs: 50, connectionsPerAddress: 1 } });
  using silent = await dial(served);
  await once(silent.socket, 'close');
  let began: Response | undefined;
  await eventually(async () => {
    began = await poll(served);
    return began.ok;
  });
  const { sid } = began ? await opening(began) : {};
  // By polling it hears of its end when it asks again.
  await poll(served, {}, `&sid=${sid}`);
  await eventually(async () => (await poll(served)).ok);
});

test('of several connects at once one is let in', async () => {
  await using served = await start();
  using alice = await dial(served);
  const token = await served.token('alice');
  for (let n = 0; n < 3; n++) alice.connect(token);
  expect((await alice.heard(3)).sort()).toEqual(['40', '44', '44']);
  expect(served.hub.status().connections).toBe(1);
});

test('a client that was refused, or said goodbye, connects on the same transport', async () => {
  await using served = await start();
  using client = await dial(served);
  client.connect('x');
  expect(await client.heard(1)).toEqual(['44']);
  client.connect(await served.token('alice'));
  expect(await client.heard(1)).toEqual(['40']);
  client.socket.send('41');
  await eventually(() => served.hub.status().connections === 0);
  client.connect(await served.token('bob'));
  expect(await client.heard(1)).toEqual(['40']);
  expect(served.hub.status().connections).toBe(1);
});

test('a message above the bound ends its own connection alone, by WebSocket and by polling', async () => {
  await using served = await start({}, { limits: { maxMessageBytes: 1_000 } });
  const token = await served.token('alice');
  await using bystander = await connectActions(served.port, { token });
  const frame = (length: number) =>
    JSON.stringify({ type: 'REQUEST', requestId: 'r', action: 'echo', data: { text: 'x'.repeat(length) } });
  for (const transports of [['websocket'], ['polling']] as const) {
    await using alice = await connectActions(served.port, { token, transports: [...transports] });
    alice.send(frame(500));
    await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
    alice.send(frame(1_000));
    expect(await alice.ended).toMatch(/^transport (close|error)$/);
  }
  bystander.send(frame(500));
  await bystander.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
});

describe('pages of other origins', () => {
  const allowed = (response: Response) => response.headers.get('access-control-allow-origin');

  test.each<[string, ActionsDialectOptions['allowedOrigins']]>([
    ['a list', [PAGE]],
    ['a function', (origin) => origin === PAGE],
  ])('may poll where %s allows them, and no others', async (_, allowedOrigins) => {
    await using served = await start(allowedOrigins ? { allowedOrigins } : {});
    for (const init of [{}, { method: 'OPTIONS' }]) {
      const response = await poll(served, { ...init, headers: { Origin: PAGE } });
      expect([allowed(response), response.headers.get('access-control-allow-credentials')]).toEqual([PAGE, 'true']);
      for (const Origin of [`${PAGE}.evil.io`, 'http://app.example.com', 'null'])
        expect(allowed(await poll(served, { ...init, headers: { Origin } }))).toBe(null);
      expect(allowed(await poll(served, init))).toBe(null);
    }
  });

  test('may not poll unless the application says so', async () => {
    await using served = await start();
    expect(allowed(await poll(served, { headers: { Origin: PAGE } }))).toBe(null);
  });
});

test('a hub that closes ends the sessions that are not let in yet', async () => {
  await using served = await start({}, { limits: { helloTimeoutMs: 600_000 } });
  using client = await dial(served);
  const closed = once(client.socket, 'close');
  await served.hub.close();
  await closed;
});

test.each<[('websocket' | 'polling')[], number]>([
  [['websocket'], 1],
  [['polling'], 1],
  [['polling', 'websocket'], 2],
])(
  'each of the connections of a client counts as authenticated when it is let in, and not before, by %j',
  async (transports, count) => {
    let authenticated = 0;
    const dialect = actionsDialect();
    // Between the router and the dialect: what the one is told by the other.
    const counting: Dialect = {
      ...dialect,
      mount(gateway) {
        const mount = dialect.mount(gateway);
        const told = (tell?: () => void) => () => {
          authenticated++;
          tell?.();
        };
        return {
          ...mount,
          upgrade: (req, socket, firstBytes, head) =>
            mount.upgrade?.(req, socket, firstBytes, { ...head, admitted: told(head.admitted) }),
          request: (req, res, head) =>
            mount.request?.(req, res, {
              ...head,
              admit: (first) => {
                const connection = head.admit?.(first) ?? null;
                return connection && { ...connection, authenticated: told(connection.authenticated) };
              },
            }),
        };
      },
    };
    await using served = await startHub([counting]);
    const connect = (token: string) => connectActions(served.port, { token, transports });
    // One that is refused goes on to its WebSocket, or has ended before.
    if (count === 1) await expect(connect('x')).rejects.toThrow('connect_error');
    expect(authenticated).toBe(0);
    await using _alice = await connect(await served.token('alice'));
    await eventually(() => authenticated === count);
  },
);
