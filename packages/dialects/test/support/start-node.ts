import type { builtInContract } from '@trunkline/protocol/contract';
import { canonicalDialect, createRedisBackend, type Dialect, type HubOptions } from '@trunkline/server';
import type { DialectSpeaker, SpeakerConnection } from '@trunkline/server/testing';
import type { RedisServer } from '@trunkline/testkit';
import { type StartedHub, startHub } from './start-hub.js';

export interface StartedNode extends StartedHub {
  readonly foreign: ReturnType<typeof createRedisBackend>['foreign'];
}

export interface NodeOptions extends Pick<HubOptions<typeof builtInContract>, 'limits'> {
  /** @default 10_000 */
  readonly presenceLeaseMs?: number;
}

/** One of several hubs over one Redis. */
export async function startNode(
  redis: Pick<RedisServer, 'url'>,
  dialects: readonly Dialect[],
  { presenceLeaseMs, ...options }: NodeOptions = {},
): Promise<StartedNode> {
  const backend = createRedisBackend({ url: redis.url, ...(presenceLeaseMs === undefined ? {} : { presenceLeaseMs }) });
  const { broker, directory, ledger, presence, roster } = backend;
  const stores = { broker, directory, ledger, presence, roster };
  const served = await startHub([...dialects, canonicalDialect()], { ...stores, ...options });
  return {
    ...served,
    foreign: backend.foreign,
    async [Symbol.asyncDispose]() {
      await backend.foreign.close();
      await served[Symbol.asyncDispose]();
    },
  };
}

/** Connects one of a speaker's users, with what lets it in. */
export async function join(served: StartedHub, speaker: DialectSpeaker, userId: string): Promise<SpeakerConnection> {
  if (speaker.relation) await served.relate(`${speaker.room} ${speaker.relation} ${userId}`);
  return speaker.connect({ port: served.port, token: await served.token(userId, speaker.claims) });
}
