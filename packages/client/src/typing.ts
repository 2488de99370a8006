import type { Typing } from './client-api.js';
import { after, type Clock } from './clock.js';
import { createListeners, type Listeners } from './listeners.js';

export interface TypingParts {
  readonly clock: Clock;
  readonly send: (isTyping: boolean) => boolean;
}

export interface TypingStore extends Typing {
  readonly changed: Listeners<[readonly string[]]>;
  /** What another user does. */
  heard(userId: string, isTyping: boolean): void;
  reset(): void;
}

const RESEND_MS = 3_000;
const IDLE_MS = 5_000;
/** Longer than a resend and a slow network. */
const EXPIRE_MS = 7_000;

export function createTyping({ clock, send }: TypingParts): TypingStore {
  const typists = new Map<string, () => void>();
  const changed = createListeners<[readonly string[]]>();
  let users: readonly string[] = [];
  let sentAt: number | undefined;
  let cancelIdle = () => {};

  function update(): void {
    users = [...typists.keys()];
    changed.emit(users);
  }
  function stop(): void {
    cancelIdle();
    if (sentAt !== undefined) send(false);
    sentAt = undefined;
  }
  return {
    get users() {
      return users;
    },
    changed,
    on: changed.add,
    start() {
      cancelIdle();
      cancelIdle = after(clock, IDLE_MS, stop);
      if (sentAt !== undefined && clock.now() - sentAt < RESEND_MS) return;
      if (send(true)) sentAt = clock.now();
    },
    stop,
    heard(userId, isTyping) {
      const known = typists.get(userId);
      known?.();
      if (isTyping)
        typists.set(
          userId,
          after(clock, EXPIRE_MS, () => this.heard(userId, false)),
        );
      else typists.delete(userId);
      if (isTyping !== (known !== undefined)) update();
    },
    reset() {
      cancelIdle();
      sentAt = undefined;
      for (const cancel of typists.values()) cancel();
      typists.clear();
      if (users.length > 0) update();
    },
  };
}
