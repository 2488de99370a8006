import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { clientFrame } from './client-frame.js';
import { SPEAKERS } from './speaker.js';

// A client that knows no measure, in a process of its own: publishes, requests and joins as fast as the server reads
// them, and it comes back at once whenever it is closed. Its end is told by the end of its standard input.
const [port = '', userId = '', token = ''] = process.argv.slice(2);
const FRAMES_AT_ONCE = 300;
const AGAIN_AFTER_MS = 10;
const counts = { frames: 0, connections: 0 };
let made = 0;

function frame(): string {
  const id = `a${(++made).toString(36)}`;
  const data = `{"t":0,"text":"${id}"}`;
  if (made % 3 === 0) return `{"type":"join","id":"${id}","room":"bench:${id}"}`;
  if (made % 3 === 1) return SPEAKERS.trunkline.publish('bench:abused', data, id);
  return SPEAKERS.trunkline.request(data, made);
}

function open(): void {
  const socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
  const flood = (): void => {
    do counts.frames += FRAMES_AT_ONCE;
    while (socket.write(Buffer.concat(Array.from({ length: FRAMES_AT_ONCE }, () => clientFrame(frame())))));
  };
  const begin = (): void => {
    counts.connections++;
    const identity = { userId, token, rooms: ['bench:abused'] };
    for (const text of SPEAKERS.trunkline.hello(identity)) socket.write(clientFrame(text));
    socket.on('drain', flood);
    flood();
  };
  socket.once('data', begin);
  socket.resume();
  socket.on('error', () => {});
  socket.on('close', () => setTimeout(open, AGAIN_AFTER_MS));
  socket.on('connect', () => {
    const key = randomBytes(16).toString('base64');
    const lines = ['GET /v1/connect HTTP/1.1', 'Host: abused', 'Upgrade: websocket', 'Connection: Upgrade'];
    lines.push(`Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Protocol: trunkline.v1');
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  });
}

open();
process.stdin.resume().on('end', () => {
  process.stdout.write(`${JSON.stringify(counts)}\n`, () => process.exit(0));
});
