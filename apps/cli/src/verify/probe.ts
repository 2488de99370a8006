import { type Client, type ClientOptions, createClient, TrunklineError } from '@trunkline/client';
import type { Contract } from '@trunkline/protocol';
import { type FinalLog, type HistoryEntry, monotonicMicros } from './history.js';

/** The data of a probe event. */
interface ProbeData {
  readonly uid: string;
  readonly room: string;
}

export interface ProbeOptions {
  readonly name: string;
  readonly rooms: readonly string[];
  readonly client: ClientOptions;
  readonly random: () => number;
  record(entry: HistoryEntry): void;
}

/** One client of the public SDK that publishes, listens, and writes down what its callbacks saw. */
export interface Probe {
  join(): Promise<void>;
  /** Publishes one event; the outcome is recorded. */
  publish(): void;
  /** Leaves one room and joins it again. */
  rejoin(): void;
  /** Drops the connection and comes back at once. */
  reconnect(): void;
  /** Publishes not settled yet. */
  readonly pending: number;
  readonly client: Client;
  close(): Promise<void>;
}

export function createProbe({ name, rooms, client: options, random, record }: ProbeOptions): Probe {
  const client = createClient(options);
  let sequence = 0;
  let pending = 0;
  let lostAt: number | null = null;
  let openedAt = 0;
  let openMs = 0;
  const starts = new Map<string, () => void>();
  const away = new Set<string>();

  client.on('state', (next, previous) => {
    const now = performance.now();
    if (previous.status === 'open' && next.status !== 'open') {
      openMs = now - openedAt;
      lostAt = now;
    }
    if (next.status === 'connecting' && lostAt !== null) record({ type: 'retry', at: monotonicMicros(), client: name });
    if (previous.status === 'open' || next.status !== 'open') return;
    openedAt = now;
    if (lostAt === null) return;
    record({ type: 'resumed', at: monotonicMicros(), client: name, durationMs: now - lostAt, openMs });
    lostAt = null;
  });

  function listen(room: string): void {
    const handle = client.room(room as `${string}:${string}`);
    let started = false;
    starts.set(room, () => {
      started = false;
    });
    // Told in the same turn as `joined`, so before the first event.
    handle.onStatus((status) => {
      if (status !== 'joined' || started || handle.position === undefined) return;
      started = true;
      record({ type: 'start', at: monotonicMicros(), client: name, room, position: handle.position });
    });
    handle.onGap(({ reason, position }) =>
      record({ type: 'gap', at: monotonicMicros(), client: name, room, reason, position }),
    );
    handle.onEvent((event) => {
      const { uid, room: intended } = readProbe(event.data);
      record({
        type: 'event',
        at: monotonicMicros(),
        client: name,
        room,
        uid,
        eventId: event.id,
        epoch: event.epoch ?? '',
        offset: event.offset ?? 0,
        intended,
      });
    });
  }

  async function leaveAndJoin(room: string): Promise<void> {
    const handle = client.room(room as `${string}:${string}`);
    if (away.has(room) || handle.status !== 'joined') return;
    away.add(room);
    try {
      await handle.leave();
      record({ type: 'left', at: monotonicMicros(), client: name, room });
      starts.get(room)?.();
      await handle.join();
    } finally {
      away.delete(room);
    }
  }

  async function settle(
    uid: string,
    published: Promise<{ id: string; epoch: string | undefined; offset: number | undefined }>,
  ): Promise<void> {
    pending += 1;
    try {
      const { id, epoch = '', offset = 0 } = await published;
      record({ type: 'ok', at: monotonicMicros(), uid, eventId: id, epoch, offset });
    } catch (error) {
      const code = error instanceof TrunklineError ? error.code : 'internal';
      if (code === 'unknown_outcome' || code === 'internal') record({ type: 'unknown', at: monotonicMicros(), uid });
      else record({ type: 'fail', at: monotonicMicros(), uid, code });
    } finally {
      pending -= 1;
    }
  }

  return {
    client,
    get pending() {
      return pending;
    },
    async join() {
      await Promise.all(
        rooms.map(async (room) => {
          listen(room);
          await client.room(room as `${string}:${string}`).join();
        }),
      );
    },
    publish() {
      const room = rooms[Math.floor(random() * rooms.length)] ?? '';
      sequence += 1;
      const uid = `${name}/${sequence}`;
      record({ type: 'invoke', at: monotonicMicros(), client: name, room, uid, seq: sequence });
      void settle(uid, client.room(room as `${string}:${string}`).publish('probe', { uid, room } satisfies ProbeData));
    },
    rejoin() {
      const room = rooms[Math.floor(random() * rooms.length)] ?? '';
      void leaveAndJoin(room).catch(() => undefined);
    },
    reconnect: () => void client.reconnect().catch(() => undefined),
    async close() {
      record({ type: 'end', at: monotonicMicros(), client: name });
      await client.close();
    },
  };
}

function readProbe(data: unknown): ProbeData {
  const { uid, room } = (data ?? {}) as Partial<ProbeData>;
  return { uid: String(uid), room: String(room) };
}

/** Reads a room's whole log through the SDK. */
export async function readLog(client: Client<Contract>, room: string): Promise<FinalLog> {
  const handle = client.room(room as `${string}:${string}`);
  const entries: { offset: number; eventId: string; uid: string }[] = [];
  let after = 0;
  for (;;) {
    const page = await handle.history({ after, limit: 1_000 });
    for (const event of page.events)
      entries.push({ offset: event.offset ?? 0, eventId: event.id, uid: readProbe(event.data).uid });
    const last = entries.at(-1)?.offset ?? 0;
    if (page.events.length === 0 || last >= page.position.offset)
      return { room, position: page.position, trimmedOffset: page.trimmedOffset, entries };
    after = last;
  }
}
