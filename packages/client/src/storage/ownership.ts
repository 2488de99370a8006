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
  const ready = new Promise<void>((resolve, reject) => {
    const hold = () => {
      resolve();
      return held;
    };
    locks.request(`${prefix}/owner/${id}`, {}, hold).catch(reject);
  });
  // Whoever wants it exclusively is told.
  ready.catch(() => {});
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
      const mine = turn.then(run);
      // A failure is its own client's only.
      turn = mine.catch(() => {});
      await mine;
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
  /** Without a lease two may send the same message; under its id it acts once. */
  function hold(owner: string): void {
    try {
      store.setItem(keyOf(owner), String(clock.now() + LEASE_MS));
    } catch {
      // Full: it costs the reload, not the connection.
    }
  }
  function renew(): void {
    hold(id);
    cancel = after(clock, RENEW_MS, renew);
  }
  function release(): void {
    cancel();
    try {
      store.removeItem(keyOf(id));
    } catch {
      // It ends by itself.
    }
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
      hold('replay');
      try {
        await run();
      } finally {
        store.removeItem(keyOf('replay'));
      }
    },
    release,
  };
}
