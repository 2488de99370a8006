import type { Socket } from 'node:net';
import { servePlain } from './plain.js';

interface Member {
  readonly socket: Socket;
  queue: Buffer[];
}

const FINAL_TEXT = 0x81;

let waiting: Member[] = [];

/**
 * The least that shares a frame and writes once a turn of the event loop, and nothing more: what is left of a workload's
 * cost when all else is taken away.
 */
servePlain<Member>(
  (_ws, socket) => ({ socket, queue: [] }),
  (members, text) => {
    const frame = frameOf(text);
    for (const member of members) {
      if (member.queue.length === 0) {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push(member);
      }
      member.queue.push(frame);
    }
  },
);

function flush(): void {
  const members = waiting;
  waiting = [];
  for (const member of members) {
    const { queue, socket } = member;
    member.queue = [];
    const [only] = queue;
    socket.write(queue.length === 1 && only !== undefined ? only : Buffer.concat(queue));
  }
}

/** Of up to 65 535 bytes, which is more than the workloads send. */
function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const start = length < 126 ? 2 : 4;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = FINAL_TEXT;
  frame[1] = start === 2 ? length : 126;
  if (start === 4) frame.writeUInt16BE(length, 2);
  frame.write(text, start);
  return frame;
}
