import type { FrameLog } from './frame-log.js';

/** A WebSocket class that also writes what passes into a log. */
export function tappedWebSocket(log: FrameLog) {
  return class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      log.add('note', 'connecting');
      this.addEventListener('message', ({ data }) => log.add('received', String(data)));
      this.addEventListener('close', ({ code, reason }) => log.add('note', `closed ${code} ${reason}`.trim()));
    }

    override send(text: string): void {
      log.add('sent', text);
      super.send(text);
    }
  };
}
