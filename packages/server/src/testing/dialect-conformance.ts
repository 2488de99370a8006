import assert from 'node:assert/strict';
import type { Hub } from '../hub/hub-api.js';
import type { Dialect } from '../seams/dialect.js';
import type { DialectSpeaker, SpeakerConnection } from './dialect-speaker.js';

/** A hub with the built-in contract on a free port of loopback, serving dialects. */
export interface ServedHub extends AsyncDisposable {
  readonly hub: Pick<Hub, 'publish' | 'history' | 'status' | 'directory'>;
  readonly port: number;
  token(userId: string, claims?: Readonly<Record<string, unknown>>): Promise<string>;
}

export interface DialectConformanceOptions {
  /** The test function of any runner. */
  test(name: string, run: () => Promise<void>): void;
  readonly speaker: DialectSpeaker;
  startHub(dialects: readonly Dialect[]): Promise<ServedHub>;
}

const UNREADABLE = [
  '{',
  '[]',
  'null',
  '"x"',
  '{}',
  '12',
  '',
  '{"type":"no_such_type"}',
  '{"type":7}',
  '{"__proto__":{"type":"x"}}',
];

/** What every dialect must do, whatever its words. */
export function dialectConformance({ test, speaker, startHub }: DialectConformanceOptions): void {
  const { name, room, users } = speaker;

  /** A hub, and the first user's connection. */
  async function begin(): Promise<{ served: ServedHub; connection: SpeakerConnection } & AsyncDisposable> {
    const served = await startHub([speaker.dialect()]);
    const connection = await join(served, users[0]);
    return {
      served,
      connection,
      async [Symbol.asyncDispose]() {
        await connection[Symbol.asyncDispose]();
        await served[Symbol.asyncDispose]();
      },
    };
  }

  async function join(served: ServedHub, userId: string): Promise<SpeakerConnection> {
    const { relation, claims } = speaker;
    if (relation) await served.hub.directory.change({ object: room, relation, user: userId, present: true });
    return speaker.connect({ port: served.port, token: await served.token(userId, claims) });
  }

  async function hears(served: ServedHub, connection: SpeakerConnection, n: number): Promise<void> {
    const { event, data, matches } = speaker.heard(n);
    await served.hub.publish({ rooms: [room], event, data, from: { service: 'conformance' } });
    await connection.take(matches, `${event} ${n}`);
  }

  const refusedWith = async (served: ServedHub, token: string | null): Promise<string> => {
    try {
      await using connection = await speaker.connect({ port: served.port, token });
      return await connection.ended;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  test(`${name}: refuses a missing, a bad and an expired token in its documented way`, async () => {
    await using served = await startHub([speaker.dialect()]);
    assert.equal(await refusedWith(served, null), speaker.refusal);
    assert.equal(await refusedWith(served, 'eyJhbGciOiJub25lIn0.e30.'), speaker.refusal);
    const expired = await served.token(users[0], { ...speaker.claims, exp: Math.floor(Date.now() / 1_000) - 600 });
    assert.equal(await refusedWith(served, expired), speaker.refusal);
    assert.equal(served.hub.status().connections, 0);
  });

  test(`${name}: words what a service says in the room, in order and each once`, async () => {
    await using it = await begin();
    for (let n = 0; n < 5; n++) {
      const { event, data } = speaker.heard(n);
      await it.served.hub.publish({ rooms: [room], event, data });
    }
    for (let n = 0; n < 5; n++) await it.connection.take(speaker.heard(n).matches, `event ${n}`);
    const order = it.connection.seen.flatMap((message) =>
      [0, 1, 2, 3, 4].filter((n) => speaker.heard(n).matches(message)),
    );
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
  });

  test(`${name}: documents every message it sends`, async () => {
    await using it = await begin();
    await using second = await join(it.served, users[1]);
    await hears(it.served, it.connection, 1);
    await hears(it.served, second, 2);
    it.connection.send(speaker.incomplete);
    await it.connection.take(speaker.isError, 'error');
    for (const message of [...it.connection.seen, ...second.seen]) speaker.parse(message);
  });

  test(`${name}: answers what it can not read with its own error, and the connection lives`, async () => {
    await using it = await begin();
    for (const text of [...UNREADABLE, speaker.incomplete]) {
      it.connection.send(text);
      await it.connection.take(speaker.isError, `error for ${text}`);
    }
    await hears(it.served, it.connection, 1);
  });

  test(`${name}: takes hostile keys, depth and numbers as unreadable`, async () => {
    await using it = await begin();
    const deep = `${'['.repeat(2_000)}${']'.repeat(2_000)}`;
    for (const value of [deep, '{"__proto__":{"polluted":true}}', '1e400']) {
      it.connection.send(`${speaker.incomplete.slice(0, -1)},"data":${value},"payload":${value}}`);
      await it.connection.take(speaker.isError, 'error');
    }
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
    await hears(it.served, it.connection, 1);
  });

  test(`${name}: keeps other rooms to themselves`, async () => {
    await using it = await begin();
    const { event, data, matches } = speaker.heard(7);
    await it.served.hub.publish({ rooms: [`${room}.other`], event, data });
    await hears(it.served, it.connection, 8);
    assert.equal(it.connection.seen.some(matches), false);
  });

  if (speaker.said) {
    const { said } = speaker;
    test(`${name}: what a client says reaches the room under its own name`, async () => {
      await using it = await begin();
      const { event, frame, matches } = said(1);
      it.connection.send(frame);
      await using second = await join(it.served, users[1]);
      await hears(it.served, second, 1);
      const { entries } = await it.served.hub.history(room, { limit: 10 });
      const entry = entries.find((candidate) => candidate.event === event && matches(candidate.data));
      assert.ok(entry, 'logged');
      assert.equal('userId' in entry.from ? entry.from.userId : undefined, users[0]);
    });
  }

  test(`${name}: leaves nothing behind when its client goes`, async () => {
    await using served = await startHub([speaker.dialect()]);
    const connection = await join(served, users[0]);
    assert.equal(served.hub.status().connections, 1);
    await connection[Symbol.asyncDispose]();
    const deadline = Date.now() + 5_000;
    while (served.hub.status().connections > 0 && Date.now() < deadline)
      await new Promise((resolve) => setImmediate(resolve));
    assert.equal(served.hub.status().connections, 0);
  });
}
