import { vi } from 'vitest';

/** A page's WebSocket whose peer is the test. */
export class ScriptedSocket {
  static readonly OPEN = 1;
  readonly sent: string[] = [];
  readyState = 0;
  closedWith: number | undefined;
  onopen: (() => void) | undefined;
  onmessage: ((message: { readonly data: unknown }) => void) | undefined;
  onclose: ((end: { readonly code: number }) => void) | undefined;

  constructor(readonly url: string) {}
  send(text: string): void {
    this.sent.push(text);
  }
  close(code = 1_005): void {
    this.readyState = 2;
    this.closedWith = code;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  hear(data: unknown): void {
    this.onmessage?.({ data });
  }
  end(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

/** In the place of the page's; the list has every one that was asked for. */
export function stubScriptedSockets(): readonly ScriptedSocket[] {
  const sockets: ScriptedSocket[] = [];
  class Listed extends ScriptedSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  vi.stubGlobal('WebSocket', Listed);
  return sockets;
}
