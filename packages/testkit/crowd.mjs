// The process of `startCrowd`: what its sockets and its reading cost is not the server's.
// Orders arrive as JSON lines on standard input, answers leave on standard output.
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

const AT_ONCE = 200;
const sockets = [];

const ORDERS = {
  async open({ url, tokens, rooms }) {
    for (let from = 0; from < tokens.length; from += AT_ONCE) {
      await Promise.all(
        tokens
          .slice(from, from + AT_ONCE)
          .map((token, index) => open(url, token, rooms[(from + index) % rooms.length])),
      );
    }
    return { opened: sockets.length };
  },
  /** Every page of a list. */
  async list({ url, token, name }) {
    const keys = new Set();
    let pages = 0;
    let longest = 0;
    let cursor;
    do {
      const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const answer = await fetch(url + query, { headers: { authorization: `Bearer ${token}` } });
      const body = await answer.json();
      for (const item of body[name]) keys.add(item.connectionId ?? item.room);
      longest = Math.max(longest, body[name].length);
      cursor = body.next ?? undefined;
      pages++;
    } while (cursor !== undefined);
    return { pages, longest, distinct: keys.size };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { order, ...parts } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await ORDERS[order](parts))}\n`);
}

function open(url, token, room) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, ['trunkline.v1'], { perMessageDeflate: false });
    sockets.push(socket);
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', id: 'h', token, rooms: [{ room }] })));
    socket.on('message', (data) => {
      const { type } = JSON.parse(data);
      if (type === 'ping') socket.send('{"type":"pong"}');
      else if (type === 'joined') resolve();
      else if (type === 'error') reject(new Error(String(data)));
    });
  });
}
