import { expect, test } from 'vitest';
import type { Figures, Overview } from '../src/api.js';
import { quantileMs, sampleOf } from '../src/samples.js';

const FIGURES: Figures = {
  connections: 5,
  publishes: 0,
  deliveries: 0,
  bytesIn: 0,
  bytesOut: 0,
  resumes: 0,
  gaps: 0,
  drops: 0,
  refusals: 0,
  ackBuckets: [],
  deliveryBuckets: [],
  canaryAgeSeconds: 0,
  eventLoopP99Ms: 10,
  cpuSeconds: 0,
  memoryBytes: 100,
};
const overview = (nodes: Readonly<Record<string, Partial<Figures>>>, connections: number | null = null): Overview => ({
  userId: 'boss',
  connections,
  nodes: Object.entries(nodes).map(([nodeId, figures]) => ({
    nodeId,
    host: 'h',
    pid: 1,
    startedAt: 0,
    at: 0,
    readiness: { ready: true, status: 'ok' },
    figures: { ...FIGURES, ...figures },
  })),
});

test('rates are per second, and added up over the nodes', () => {
  const sample = sampleOf(
    overview({ a: { publishes: 10 }, b: { publishes: 0 } }),
    overview({ a: { publishes: 30 }, b: { publishes: 4 } }),
    7,
    2_000,
  );
  expect(sample).toMatchObject({ at: 7, publishes: 12, connections: 10, memoryBytes: 200, eventLoopMs: 10 });
});

test('a node that came, went or was started again makes no peak and no hole', () => {
  const before = overview({ gone: { publishes: 1_000 }, again: { publishes: 500 } });
  const now = overview({ fresh: { publishes: 9_000 }, again: { publishes: 3 } });
  expect(sampleOf(before, now, 0, 1_000).publishes).toBe(0);
});

test('quantiles come from what was observed since, over all nodes', () => {
  const before = overview({
    a: {
      ackBuckets: [
        [0.01, 100],
        [0.1, 100],
      ],
    },
    b: {},
  });
  const now = overview({
    a: {
      ackBuckets: [
        [0.01, 100],
        [0.1, 110],
      ],
    },
    b: {},
  });
  const { ackP50Ms, deliveryP99Ms } = sampleOf(before, now, 0, 1_000);
  expect(ackP50Ms).toBeCloseTo(55);
  expect(deliveryP99Ms).toBeNull();
});

test.each([
  [[], 0.5, null],
  [
    [
      [0.1, 0],
      [1, 0],
    ],
    0.99,
    null,
  ],
  [
    [
      [0.1, 10],
      [1, 10],
    ],
    0.5,
    50,
  ],
  [
    [
      [0.1, 0],
      [1, 10],
    ],
    1,
    1_000,
  ],
] as const)('quantileMs(%j, %d) is %s', (buckets, share, expected) => {
  expect(quantileMs(buckets, share)).toBe(expected);
});
