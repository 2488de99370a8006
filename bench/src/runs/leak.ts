import { setTimeout as delay } from 'node:timers/promises';
import { gather } from '../load/crowd.js';
import { messageData, nextId } from '../load/message-data.js';
import { SPEAKERS } from '../load/speaker.js';
import { residentBytes } from '../measure/process-usage.js';
import { startServer } from '../measure/server-process.js';

const CONNECTIONS = 2_000;
const ROUNDS = 5;
const ALLOWED_GROWTH = 1.1;

/** Five rounds of 2 000 connects, joins, publishes and cuts: what stays resident. @returns lines for the page */
export async function runLeak(progress: (text: string) => void): Promise<string[]> {
  const server = await startServer('trunkline');
  const residents: number[] = [];
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      const { port, pid } = server;
      const crowd = await gather(
        { server: 'trunkline', port, pid },
        { members: CONNECTIONS, roomsOf: (index) => [`bench:r${index % 500}`] },
      );
      const arrived = crowd.meter.expect(CONNECTIONS * 4);
      for (const client of crowd.clients) {
        client.ready.catch(() => undefined);
        client.send(SPEAKERS.trunkline.publish(client.identity.rooms[0] ?? '', messageData(64), nextId()));
      }
      await arrived;
      crowd.close();
      await delay(3_000);
      await server.collectGarbage();
      await delay(500);
      residents.push(residentBytes(pid));
      progress(`leak ${round}/${ROUNDS}: ${Math.round((residents.at(-1) ?? 0) / 1e5) / 10} MB`);
    }
  } finally {
    await server.close();
  }
  const growth = (residents[ROUNDS - 1] ?? 0) / (residents[1] ?? 1);
  const megabytes = residents.map((bytes) => (bytes / 1e6).toFixed(1)).join(', ');
  return [
    `Leak run: resident after each of ${ROUNDS} rounds of ${CONNECTIONS} connects, joins, publishes and cuts: ${megabytes} MB; round 5 is ${growth.toFixed(2)} × round 2 (at most ${ALLOWED_GROWTH}): ${growth <= ALLOWED_GROWTH ? '✔' : '✘ miss'}.`,
  ];
}
