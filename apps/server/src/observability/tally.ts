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

/** What was counted under one set of labels. */
interface Series {
  readonly value: string;
  readonly second: string;
  sum: number;
}

export function createTally({ name, help, label, secondLabel, registry }: TallyOptions): Tally {
  const series: Series[] = [];
  new Counter({
    name,
    help,
    labelNames: secondLabel === undefined ? [label] : [label, secondLabel],
    registers: [registry],
    collect() {
      this.reset();
      for (const { value, second, sum } of series)
        this.inc({ [label]: value, ...(secondLabel === undefined ? {} : { [secondLabel]: second }) }, sum);
    },
  });
  return {
    add(value, count, second = '') {
      // Labels have few values, mostly the very strings of the time before.
      let found = series.find((one) => one.value === value && one.second === second);
      if (found === undefined) {
        found = { value, second, sum: 0 };
        series.push(found);
      }
      found.sum += count;
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
