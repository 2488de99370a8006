import { WebSocket } from 'ws';

type Held = 'questions' | 'answers' | 'events' | 'joins';

export interface HeldFrames {
  readonly HoldingSocket: typeof WebSocket;
  /** How many pages were asked for. */
  readonly asked: number;
  readonly waiting: number;
  /** From now on they wait until they are let go. */
  hold(): void;
  /** Lets the oldest go that waits, and whatever comes later. */
  letGo(): void;
}

/** A client's socket on which questions for pages of history, the answers to them, events, or joins wait. */
export function holdFrames(what: Held): HeldFrames {
  const ids: string[] = [];
  const waiting: (() => void)[] = [];
  let isHolding = false;
  const pass = (kind: Held | undefined, run: () => void) => {
    if (isHolding && kind === what) waiting.push(run);
    else run();
  };
  const kindOf = (text: string) =>
    ids.some((id) => text.includes(id)) ? 'answers' : text.includes('"type":"event"') ? 'events' : undefined;
  class HoldingSocket extends WebSocket {
    override send(text: string): void {
      const { type, id } = JSON.parse(text) as { readonly type: string; readonly id: string };
      if (type === 'history') ids.push(id);
      pass(type === 'history' ? 'questions' : type === 'join' ? 'joins' : undefined, () => super.send(text));
    }
    override emit(name: string, ...args: unknown[]): boolean {
      pass(name === 'message' ? kindOf(String(args[0])) : undefined, () => super.emit(name, ...args));
      return true;
    }
  }
  return {
    HoldingSocket,
    get asked() {
      return ids.length;
    },
    get waiting() {
      return waiting.length;
    },
    hold() {
      isHolding = true;
    },
    letGo() {
      isHolding = false;
      waiting.shift()?.();
    },
  };
}
