import { Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createDurations } from '../src/observability/durations.js';

const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SAMPLES_MS = [0, 0.25, 1, 1.5, 2, 2.5, 64, 250, 9_999, 10_000, 20_000];

it('are told to Prometheus as a histogram of prom-client tells them', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const durations = createDurations({ name: 'waits', help: 'Waits.', registry: ours });
  const histogram = new Histogram({ name: 'waits', help: 'Waits.', registers: [theirs], buckets: BOUNDS });
  expect(await ours.metrics()).toBe(await theirs.metrics());
  for (const ms of SAMPLES_MS) {
    durations.add(ms);
    histogram.observe(ms / 1_000);
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
});

it('are kept by label', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const durations = createDurations({ name: 'waits', help: 'Waits.', label: 'outcome', registry: ours });
  const [name, help, labelNames] = ['waits', 'Waits.', ['outcome']];
  const histogram = new Histogram({ name, help, labelNames, registers: [theirs], buckets: BOUNDS });
  for (const [index, ms] of SAMPLES_MS.entries()) {
    const outcome = index % 2 === 0 ? 'done' : 'failed';
    durations.add(ms, outcome);
    histogram.observe({ outcome }, ms / 1_000);
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
});
