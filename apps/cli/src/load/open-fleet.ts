import type { Room } from '@trunkline/client';
import { TrunklineError } from '@trunkline/protocol';
import { type OpenClient, openClient } from '../open-client.js';
import type { ServerOptions } from '../server-options.js';
import { findToken, unreachable } from '../server-options.js';
import { signingSecret, signToken } from '../sign-token.js';
import type { Progress } from './progress.js';

export interface FleetOptions {
  readonly server: ServerOptions;
  readonly connections: number;
  readonly rooms: number;
  /** For one join. */
  readonly timeoutMs: number;
  readonly progress: Progress;
}

interface Member {
  readonly client: OpenClient;
  readonly room: Room;
}

export interface Fleet extends AsyncDisposable {
  readonly members: readonly Member[];
  /** Members of each room, by name. */
  readonly sizes: ReadonlyMap<string, number>;
  /** From the first connect to the last join, milliseconds. */
  readonly openMs: number;
}

/** Connects at once: a server paces more than that by itself. */
const PARALLEL = 50;
const TOKEN_SECONDS = 86_400;

/** Every connection open and in its room. @throws what the first refusal was, everything closed again */
export async function openFleet({ server, connections, rooms, timeoutMs, progress }: FleetOptions): Promise<Fleet> {
  const members: Member[] = [];
  const started = performance.now();
  const token = await tokensFor(server);
  const close = async (): Promise<void> => {
    await Promise.all(members.map(({ client }) => client.close()));
  };
  let next = 0;
  async function work(): Promise<void> {
    while (next < connections) {
      const index = next++;
      const client = await openClient({ ...server, token: await token(index) });
      const room = client.room('lobby', `load-${(index % rooms) + 1}`);
      members.push({ client, room });
      await room.join({ signal: AbortSignal.timeout(timeoutMs) }).catch((error: unknown) => {
        throw error instanceof TrunklineError && error.code === 'cancelled' ? unreachable(server.url) : error;
      });
      progress.advance(members.length);
    }
  }
  progress.begin('connecting', connections);
  const stopped = (error: unknown): never => {
    next = connections;
    throw error;
  };
  const workers = Array.from({ length: Math.min(PARALLEL, connections) }, () => work().catch(stopped));
  try {
    await Promise.all(workers);
  } catch (error) {
    // What is just connecting is a member only then, and would keep the process.
    await Promise.allSettled(workers);
    await close();
    throw error;
  }
  const sizes = new Map<string, number>();
  for (const { room } of members) sizes.set(room.name, (sizes.get(room.name) ?? 0) + 1);
  return { members, sizes, openMs: performance.now() - started, [Symbol.asyncDispose]: close };
}

/** A user for each connection where we can sign, since a server bounds the connections of one. */
async function tokensFor(server: ServerOptions): Promise<(index: number) => Promise<string>> {
  if (!process.env.JWT_SECRET || server.token) {
    const token = await findToken(server);
    return async () => token;
  }
  const secret = signingSecret(process.env);
  const exp = Math.floor(Date.now() / 1_000) + TOKEN_SECONDS;
  return (index) => signToken(secret, { sub: `load-${index}`, roles: [], exp }, process.env);
}
