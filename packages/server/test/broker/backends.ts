import { createId } from '@trunkline/protocol';
import { eventually } from '@trunkline/testkit';
import { expect } from 'vitest';
import {
  createRedisBackend,
  type RedisBackend,
  type RedisBackendOptions,
} from '../../src/broker/redis/redis-backend.js';
import { type BrokerRecorder, createBrokerRecorder } from '../../src/testing/broker-recorder.js';
import { makePublication } from '../../src/testing/index.js';

export interface TestNode extends AsyncDisposable {
  readonly backend: RedisBackend;
  readonly recorder: BrokerRecorder;
  /** Everything it logged, one line each. */
  readonly log: string[];
  readonly counted: string[];
}

/** A node whose broker is not started. */
export function createNode(url: string, options: Partial<RedisBackendOptions> = {}): TestNode {
  const log: string[] = [];
  const counted: string[] = [];
  const line = (level: string) => (fields: object, message: string) =>
    void log.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const backend = createRedisBackend({
    url,
    logger: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    observer: { brokerEvent: (event) => void counted.push(event) },
    ...options,
  });
  return {
    ...{ backend, log, counted },
    recorder: createBrokerRecorder(),
    async [Symbol.asyncDispose]() {
      const { presence, directory, ledger, roster, foreign, broker } = backend;
      await Promise.all([presence, directory, ledger, roster, foreign].map((part) => part.close()));
      await broker.close();
    },
  };
}

/** A node that is connected. */
export async function startNode(url: string, options: Partial<RedisBackendOptions> = {}): Promise<TestNode> {
  const node = createNode(url, options);
  await node.backend.broker.start(node.recorder);
  return node;
}

/** Two nodes under a prefix of their own, so that tests can share one Redis. */
export async function startTwoNodes(redis: { readonly url: string }, options: Partial<RedisBackendOptions> = {}) {
  const prefix = createId().slice(0, 8);
  const nodes = [
    await startNode(redis.url, { prefix, ...options }),
    await startNode(redis.url, { prefix, ...options }),
  ] as const;
  return {
    nodes,
    prefix,
    async [Symbol.asyncDispose]() {
      for (const node of nodes) await node[Symbol.asyncDispose]();
    },
  };
}

/** The status and one log line say why; publishing fails as retryable. */
export async function expectDegraded(node: TestNode, reason: RegExp): Promise<void> {
  const { broker } = node.backend;
  await eventually(() =>
    expect(broker.status).toMatchObject({ state: 'degraded', reason: expect.stringMatching(reason) }),
  );
  expect(node.log.some((line) => line.startsWith('warn Redis is away') && reason.test(line))).toBe(true);
  await expect(broker.publish(makePublication('lobby:all'))).rejects.toMatchObject({
    code: 'unavailable',
    retryable: true,
  });
}
