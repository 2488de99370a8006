import type { Redis } from 'ioredis';
import type { Logger } from '../../seams/logger.js';
import type { Observer } from '../../seams/observer.js';
import { isReplyError } from './redis-failure.js';
import type { RedisKeys } from './redis-keys.js';
import { isForbidden } from './redis-rights.js';

export interface CanaryOptions {
  readonly nodeId: string;
  readonly keys: RedisKeys;
  readonly logger: Logger;
  readonly observer: Observer;
  /** The command connection; undefined while it may not be used. */
  commands(): Redis | undefined;
  /** True while the subscriber claims to hear. */
  listening(): boolean;
  /** Redis took or refused a small write. */
  onWritten(error: Error | null): void;
  /** An ACL forbids to publish on our channel; null when it allows it again. Called at each change. */
  onForbidden(error: Error | null): void;
  /** Our earlier canary is gone from Redis: it lost its data. */
  onDataLost(): void;
  /** Commands are sent and not answered. */
  onSilentCommands(): void;
  /** Canaries are published and not heard. */
  onDeaf(): void;
  /** The first own canary after `expect`. */
  onHeard(): void;
}

/** Says one word a second through the whole broker and listens for it, its own and the peers'. */
export interface Canary {
  start(): void;
  /** A message of the canary channel. @returns false for junk */
  hear(message: string): boolean;
  /** The subscriber is new: sings at once, and calls `onHeard` when this song is heard. */
  expect(): void;
  stop(): void;
}

const INTERVAL_MS = 1_000;
/** With one interval before it and one tick after it, silence is found within 5 s. */
const SILENCE_MS = 2_500;
const KEPT_MS = 60_000;
const PEER_MISSED_MS = 5_000;
const MAX_PEERS = 1_000;

export function createCanary(options: CanaryOptions): Canary {
  const { nodeId, keys, logger, observer } = options;
  const peers = new Map<string, { heardAt: number; missed: boolean }>();
  let timer: NodeJS.Timeout | undefined;
  let song = 0;
  let lastHeard = 0;
  let expected: number | undefined;
  let wrote = false;
  let lastTickAt = 0;
  let heardAt: number | undefined;
  let unansweredSince: number | undefined;
  let unheardSince: number | undefined;
  /** What Redis said against our publishing. */
  let forbidden: string | undefined;

  function sing(): void {
    const redis = options.commands();
    if (redis === undefined) {
      unansweredSince = undefined;
      wrote = false;
      return;
    }
    song += 1;
    const number = song;
    unansweredSince ??= performance.now();
    redis.set(keys.canaryOf(nodeId), String(number), 'PX', KEPT_MS, 'GET').then(
      (before) => {
        if (before === null && wrote) options.onDataLost();
        wrote = true;
        unansweredSince = undefined;
        options.onWritten(null);
      },
      (error: Error) => {
        if (error.name !== 'ReplyError') return;
        unansweredSince = undefined;
        options.onWritten(error);
      },
    );
    const sung = (): void => {
      // The song may have been heard before the answer to its publishing was read.
      if (options.listening() && lastHeard < number) unheardSince ??= performance.now();
    };
    redis.publish(keys.canary, `1 ${nodeId} ${number}`).then(
      () => {
        permit(null);
        sung();
      },
      (error: Error) => {
        if (isForbidden(error)) permit(error);
        // Redis answers and lets us say nothing: nobody hears this node, itself included.
        else if (isReplyError(error)) sung();
      },
    );
  }

  function permit(error: Error | null): void {
    if (forbidden === error?.message) return;
    forbidden = error?.message;
    unheardSince = undefined;
    options.onForbidden(error);
  }

  function watchPeers(now: number): void {
    for (const [peer, seen] of peers) {
      if (now - seen.heardAt > KEPT_MS) peers.delete(peer);
      else if (!seen.missed && now - seen.heardAt > PEER_MISSED_MS) {
        seen.missed = true;
        observer.brokerEvent?.('canary_missed');
        logger.warn({ peer }, 'a peer is not heard through Redis');
      }
    }
  }

  function tick(): void {
    const now = performance.now();
    const stalled = now - lastTickAt > INTERVAL_MS * 1.5;
    lastTickAt = now;
    if (heardAt !== undefined) observer.canaryAge?.((now - heardAt) / 1_000);
    // After a stall of this process the answers are still in the socket: judge in the next round.
    if (!stalled) {
      if (unansweredSince !== undefined && now - unansweredSince > SILENCE_MS) {
        unansweredSince = undefined;
        options.onSilentCommands();
      }
      if (options.listening() && unheardSince !== undefined && now - unheardSince > SILENCE_MS) {
        unheardSince = undefined;
        observer.brokerEvent?.('canary_missed');
        options.onDeaf();
      }
      if (options.listening() && unheardSince === undefined) watchPeers(now);
    }
    sing();
  }

  return {
    start() {
      lastTickAt = performance.now();
      timer = setInterval(tick, INTERVAL_MS);
    },
    hear(message) {
      const [version, from, text, rest] = message.length > 200 ? [] : message.split(' ');
      const number = Number(text);
      if (version !== '1' || from === undefined || rest !== undefined || !Number.isSafeInteger(number)) return false;
      const now = performance.now();
      if (from !== nodeId) {
        if (number < 0) peers.delete(from);
        else if (peers.has(from) || peers.size < MAX_PEERS) peers.set(from, { heardAt: now, missed: false });
        return true;
      }
      heardAt = now;
      lastHeard = Math.max(lastHeard, number);
      unheardSince = undefined;
      if (expected !== undefined && number >= expected) {
        expected = undefined;
        options.onHeard();
      }
      return true;
    },
    expect() {
      unheardSince = undefined;
      expected = song + 1;
      sing();
    },
    stop() {
      clearInterval(timer);
      // Peers need not miss a node that leaves in peace.
      options
        .commands()
        ?.publish(keys.canary, `1 ${nodeId} -1`)
        .catch(() => undefined);
    },
  };
}
