import { appended, createStore, type Store } from '../store.js';

export type FrameDirection = 'sent' | 'received' | 'note';

export interface LoggedFrame {
  readonly key: number;
  readonly at: number;
  readonly direction: FrameDirection;
  /** The frame's type, or what happened to the socket. */
  readonly type: string;
  readonly text: string;
}

export interface FrameLog {
  readonly frames: Store<readonly LoggedFrame[]>;
  add(direction: FrameDirection, text: string): void;
}

const CAPACITY = 500;

/** What went over the socket, newest last. Tokens are left out: logs get shared. */
export function createFrameLog(): FrameLog {
  const frames = createStore<readonly LoggedFrame[]>([]);
  let key = 0;
  return {
    frames,
    add(direction, text) {
      for (const shown of direction === 'note' ? [{ type: text, text: '' }] : describe(text)) {
        key += 1;
        frames.set(appended(frames.get(), { key, at: Date.now(), direction, ...shown }, CAPACITY));
      }
    },
  };
}

/** The frame of a message, or those of a batch. */
function describe(text: string): readonly { type: string; text: string }[] {
  try {
    const message: unknown = JSON.parse(text, (name, value: unknown) => (name === 'token' ? '(left out)' : value));
    return [message].flat().map((frame) => {
      const type = typeof frame === 'object' && frame !== null ? Reflect.get(frame, 'type') : undefined;
      return { type: typeof type === 'string' ? type : '?', text: JSON.stringify(frame, null, 2) };
    });
  } catch {
    return [{ type: 'not JSON', text }];
  }
}
