import { createId } from '@trunkline/protocol';
import { after, type Clock } from '../clock.js';

/** Who is alive: what a dead client left may be taken over, once. */
export interface Ownership {
  readonly id: string;
  isAlive(owner: string): Promise<boolean>;
  /** One client at a time. */
  exclusively(run: () => Promise<void>): Promise<void>;
  release(): void;
}

/** The part of Web Locks that is used. */
export interface Locks {
  request<T>(
    name: string,
    options: { readonly ifAvailable?: boolean },
    run: (lock: unknown) => T | Promise<T>,
  ): Promise<T>;
}

/** Each client holds a lock of its own for life; the browser frees it when the tab goes, however it goes. */
export function ownByLock(locks: Locks, prefix: string): Ownership {
  const id = createId();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const ready = new Promise<void>((resolve) => {
    void locks.request(`${prefix}/owner/${id}`, {}, () => {
      resolve();
      return held;
    });
  });
  return {
    id,
    isAlive: async (owner) =>
      owner === id || (await locks.request(`${prefix}/owner/${owner}`, { ifAvailable: true }, (lock) => lock === null)),
    async exclusively(run) {
      await ready;
      await locks.request(`${prefix}/replay`, {}, run);
    },
    release,
  };
}

const living = new Set<string>();
let turn: Promise<void> = Promise.resolve();

/** For storage that only this process sees: an owner that is not of this process is gone. */
export function ownByProcess(): Ownership {
  const id = createId();
  living.add(id);
  return {
    id,
    isAlive: async (owner) => living.has(owner),
    async exclusively(run) {
      turn = turn.then(run);
      await turn;
    },
    release: () => void living.delete(id),
  };
}

/** Where leases are written; synchronous, as `localStorage` is. */
export interface LeaseStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const LEASE_MS = 10_000;
const RENEW_MS = 3_000;

export interface LeaseOptions {
  readonly store: LeaseStore;
  readonly prefix: string;
  readonly clock: Clock;
}

/** Where Web Locks are missing: a key that says until when its owner lives. A tab that is killed is heir-less for 10 s. */
export function ownByLease({ store, prefix, clock }: LeaseOptions): Ownership {
  const id = createId();
  const keyOf = (owner: string) => `${prefix}/lease/${owner}`;
  let cancel = () => {};
  const isHeld = (owner: string) => Number(store.getItem(keyOf(owner)) ?? 0) > clock.now();
  function renew(): void {
    store.setItem(keyOf(id), String(clock.now() + LEASE_MS));
    cancel = after(clock, RENEW_MS, renew);
  }
  function release(): void {
    cancel();
    store.removeItem(keyOf(id));
  }
  renew();
  return {
    id,
    async isAlive(owner) {
      if (!isHeld(owner)) store.removeItem(keyOf(owner));
      return isHeld(owner);
    },
    async exclusively(run) {
      if (isHeld('replay')) return;
      store.setItem(keyOf('replay'), String(clock.now() + LEASE_MS));
      try {
        await run();
      } finally {
        store.removeItem(keyOf('replay'));
      }
    },
    release,
  };
}
