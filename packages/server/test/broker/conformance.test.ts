import { createId } from '@trunkline/protocol';
import { startRedis, startSentinelTopology } from '@trunkline/testkit';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createMemoryBroker } from '../../src/broker/memory-broker.js';
import { createMemoryDirectory } from '../../src/directory/memory-directory.js';
import { createMemoryLedger } from '../../src/ledger/memory-ledger.js';
import { createMemoryPresenceStore } from '../../src/presence/memory-presence-store.js';
import { brokerConformance } from '../../src/testing/broker-conformance.js';
import { directoryConformance } from '../../src/testing/directory-conformance.js';
import { ledgerConformance } from '../../src/testing/ledger-conformance.js';
import { presenceStoreConformance } from '../../src/testing/presence-store-conformance.js';
import { createNode, startTwoNodes } from './backends.js';

const nothing = { [Symbol.asyncDispose]: () => Promise.resolve() };

describe('memory', () => {
  brokerConformance({ test, create: async () => ({ brokers: [createMemoryBroker()], ...nothing }) });
  directoryConformance({ test, create: async () => ({ directories: [createMemoryDirectory()], ...nothing }) });
  ledgerConformance({ test, create: async () => ({ ledgers: [createMemoryLedger()], ...nothing }) });
  presenceStoreConformance({
    test,
    create: async () => ({ first: createMemoryPresenceStore(), ...nothing }),
    alone: 'the memory store is of one process',
  });
});

describe.each([
  ['redis', () => startRedis()],
  ['redis by sentinel', () => startSentinelTopology({ sentinels: 1 })],
] as const)('%s', (_name, start) => {
  let redis: AsyncDisposable & { readonly url: string };
  beforeAll(async () => {
    redis = await start();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  brokerConformance({
    test,
    async create() {
      const prefix = createId().slice(0, 8);
      const nodes = [createNode(redis.url, { prefix }), createNode(redis.url, { prefix })] as const;
      return { brokers: [nodes[0].backend.broker, nodes[1].backend.broker], ...nothing };
    },
  });
  directoryConformance({
    test,
    async create() {
      const pair = await startTwoNodes(redis);
      const [one, two] = pair.nodes;
      await one.backend.directory.start();
      await two.backend.directory.start();
      return {
        directories: [one.backend.directory, two.backend.directory],
        [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
      };
    },
  });
  ledgerConformance({
    test,
    async create() {
      const pair = await startTwoNodes(redis);
      const [one, two] = pair.nodes;
      await one.backend.roster.start();
      await two.backend.roster.start();
      return {
        ledgers: [one.backend.ledger, two.backend.ledger],
        [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
      };
    },
  });
  presenceStoreConformance({
    test,
    async create() {
      const pair = await startTwoNodes(redis, { presenceLeaseMs: 300 });
      const [one, two] = pair.nodes;
      await one.backend.presence.start();
      await two.backend.presence.start();
      return {
        first: one.backend.presence,
        second: two.backend.presence,
        [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
      };
    },
  });
});
