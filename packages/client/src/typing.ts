import type { Typing } from './client-api.js';
import { after, type Clock } from './clock.js';
import { createListeners } from './listeners.js';

export interface TypingStore extends Typing {
  /** What another user does. */
  heard(userId: string, isTyping: boolean): void;
  reset(): void;
}

export function createTyping(clock: Clock, send: (isTyping: boolean) => boolean): TypingStore {
  const idleMs = 5_000;
  /** Longer than a resend and a slow network. */
  const expireMs = 7_000;
  const typists = new Map<string, () => void>();
  const changed = createListeners<readonly string[]>();
  let users: readonly string[] = [];
  /** 0: the others were not told. */
  let sentAt = 0;
  let cancelIdle = () => {};

  function stop(): void {
    cancelIdle();
    if (sentAt) send(false);
    sentAt = 0;
  }
  function heard(userId: string, isTyping: boolean): void {
    typists.get(userId)?.();
    if (isTyping)
      typists.set(
        userId,
        after(clock, expireMs, () => heard(userId, false)),
      );
    else typists.delete(userId);
    if (isTyping === users.includes(userId)) return;
    users = [...typists.keys()];
    changed.emit(users);
  }
  return {
    get users() {
      return users;
    },
    on: changed.add,
    start() {
      const resendMs = 3_000;
      cancelIdle();
      cancelIdle = after(clock, idleMs, stop);
      if (clock.now() - sentAt >= resendMs && send(true)) sentAt = clock.now();
    },
    stop,
    heard,
    reset() {
      cancelIdle();
      sentAt = 0;
      for (const userId of users) heard(userId, false);
    },
  };
}
