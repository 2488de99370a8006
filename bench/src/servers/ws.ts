import { WebSocket } from 'ws';
import { servePlain } from './plain.js';

/** What everybody writes first: a loop of `send`. */
servePlain(
  (ws) => ws,
  (members, text) => {
    for (const ws of members) if (ws.readyState === WebSocket.OPEN) ws.send(text);
  },
);
