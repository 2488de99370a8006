import { Counter, type Registry } from 'prom-client';

export interface TallyOptions {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  /** A second label, of few values. */
  readonly secondLabel?: string;
  readonly registry: Registry;
}

/**
 * A counter for what happens with every message: sums by its labels here and hands them over at each scrape. prom-client's
 * own `inc` makes a key of all labels each time, which was a twentieth of a publish.
 */
export interface Tally {
  add(value: string, count: number, second?: string): void;
}

export function createTally({ name, help, label, secondLabel, registry }: TallyOptions): Tally {
  const bySecond = new Map<string, Map<string, number>>();
  new Counter({
    name,
    help,
    labelNames: secondLabel === undefined ? [label] : [label, secondLabel],
    registers: [registry],
    collect() {
      this.reset();
      for (const [second, sums] of bySecond) {
        const labels = secondLabel === undefined ? {} : { [secondLabel]: second };
        for (const [value, sum] of sums) this.inc({ [label]: value, ...labels }, sum);
      }
    },
  });
  return {
    add(value, count, second = '') {
      let sums = bySecond.get(second);
      if (sums === undefined) {
        sums = new Map();
        bySecond.set(second, sums);
      }
      sums.set(value, (sums.get(value) ?? 0) + count);
    },
  };
}

/** The same without labels. @returns what adds to it */
export function createSum({ name, help, registry }: Pick<TallyOptions, 'help' | 'name' | 'registry'>) {
  let sum = 0;
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(sum);
    },
  });
  return (count: number): void => {
    sum += count;
  };
}
