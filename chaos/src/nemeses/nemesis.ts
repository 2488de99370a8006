import type { Node } from '../node.js';
import type { Topology } from '../topology.js';

/** One kind of harm: done, held for a while, and healed again before it resolves. */
export interface Nemesis {
  readonly name: string;
  /** True: it ends connections of clients while every server is there and well, so that all of the way back is ours. */
  readonly cuts?: true;
  run(topology: Topology, random: () => number): Promise<void>;
}

export function between(random: () => number, fromMs: number, toMs: number): number {
  return fromMs + random() * (toMs - fromMs);
}

/** Mostly near `fromMs`, at times as long as `toMs`: long faults are needed, and they eat the run. */
export function mostlyShort(random: () => number, fromMs: number, toMs: number): number {
  return fromMs + random() ** 3 * (toMs - fromMs);
}

export function oneOf<T>(items: readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('There is nothing to choose from.');
  return item;
}

export function oneNode({ nodes }: Topology, random: () => number): Node {
  return oneOf(nodes, random);
}
