import { TrunklineError } from '@trunkline/protocol';
import type { Admission, Gateway, Greeting, OpenOptions } from '../../src/seams/gateway.js';
import type { Gone, Link } from '../../src/seams/link.js';
import type { Observer } from '../../src/seams/observer.js';
import type { Command, Reply, Session } from '../../src/seams/session.js';

interface OpenedSession {
  readonly id: string;
  readonly link: Link<Buffer>;
  readonly admission: Admission;
  readonly options: OpenOptions;
  readonly commands: Command[];
  gone: Gone | null;
}

/** A gateway without a hub: admits the tokens it is told, and keeps what dialects do with it. */
export interface FakeGateway extends Gateway {
  readonly greetings: Greeting[];
  readonly sessions: OpenedSession[];
  readonly logged: unknown[];
  /** Authentications begun and not settled. */
  readonly authenticating: number;
}

export interface FakeGatewayOptions {
  /** @default admits every token as its own user */
  readonly authenticate?: (greeting: Greeting, signal: AbortSignal) => Promise<void> | void;
  /** @default done */
  readonly handle?: (command: Command, session: OpenedSession) => Promise<Reply> | Reply;
  readonly opened?: (session: OpenedSession) => void;
  readonly helloTimeoutMs?: number;
  readonly maxMessageBytes?: number;
  readonly observer?: Observer;
}

export function createFakeGateway(options: FakeGatewayOptions = {}): FakeGateway {
  const { authenticate, handle, helloTimeoutMs = 5_000, maxMessageBytes = 1_048_576 } = options;
  const greetings: Greeting[] = [];
  const sessions: OpenedSession[] = [];
  const logged: unknown[] = [];
  const log = (fields: object): void => void logged.push(fields);
  let authenticating = 0;
  let count = 0;

  const never = (): never => {
    throw new TrunklineError('internal', 'Not part of this test.');
  };

  return {
    greetings,
    sessions,
    logged,
    get authenticating() {
      return authenticating;
    },
    async authenticate(greeting, signal) {
      greetings.push(greeting);
      authenticating++;
      try {
        await authenticate?.(greeting, signal);
      } finally {
        authenticating--;
      }
      const userId = greeting.credentials.token ?? 'guest';
      return { principal: { userId, roles: [], rooms: [], claims: {}, expiresAt: null }, rooms: greeting.rooms ?? [] };
    },
    open<F>(link: Link<F>, admission: Admission, openOptions: OpenOptions): Session {
      const id = `c_${++count}`;
      // The fake is only given links of WebSockets, whose frames are Buffers.
      const bufferLink = link as unknown as Link<Buffer>;
      const session: OpenedSession = {
        id,
        link: bufferLink,
        admission,
        options: openOptions,
        commands: [],
        gone: null,
      };
      sessions.push(session);
      link.onGone?.({
        gone(gone) {
          session.gone = gone;
        },
      });
      options.opened?.(session);
      return {
        id,
        principal: admission.principal,
        async handle(command) {
          session.commands.push(command);
          return (await handle?.(command, session)) ?? { type: 'done' };
        },
      };
    },
    publish: async () => never(),
    call: async () => never(),
    login: async () => never(),
    testToken: async () => null,
    limits: {
      maxMessageBytes,
      maxQueueBytes: 1_048_576,
      helloTimeoutMs,
      heartbeat: { intervalMs: 25_000, timeoutMs: 10_000 },
    },
    logger: { debug: log, info: log, warn: log, error: log },
    ...(options.observer === undefined ? {} : { observer: options.observer }),
  };
}
