import { SignJWT } from 'jose';
import { JWT_SECRET } from '../servers/secret.js';
import { LoadClient } from './load-client.js';
import { Meter } from './meter.js';
import { SPEAKERS, type Speaker } from './speaker.js';
import type { Target } from './target.js';

export interface CrowdOptions {
  readonly members: number;
  /** The rooms of the member with this index. */
  readonly roomsOf: (index: number) => readonly string[];
  /** How the member with this index speaks. @default the server's own format */
  readonly speakerOf?: (index: number) => Speaker;
  /** Connections opened at a time. @default 50 */
  readonly concurrency?: number;
  /** Shared by crowds whose deliveries are counted together. */
  readonly meter?: Meter;
}

/** Clients of one server, connected and in their rooms. */
export interface Crowd {
  readonly clients: readonly LoadClient[];
  readonly meter: Meter;
  close(): void;
}

const KEY = new TextEncoder().encode(JWT_SECRET);

export function tokenOf(userId: string): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(KEY);
}

export async function gather({ server, port }: Target, options: CrowdOptions): Promise<Crowd> {
  const { members, roomsOf, concurrency = 50, meter = new Meter(), speakerOf = () => SPEAKERS[server] } = options;
  const clients: LoadClient[] = [];
  for (let first = 0; first < members; first += concurrency) {
    const batch = Array.from({ length: Math.min(concurrency, members - first) }, async (_, offset) => {
      const index = first + offset;
      const userId = `user${index}`;
      const token = server === 'trunkline' ? await tokenOf(userId) : '';
      const client = new LoadClient({
        port,
        speaker: speakerOf(index),
        identity: { userId, token, rooms: roomsOf(index) },
        meter,
      });
      clients[index] = client;
      await client.ready;
    });
    await Promise.all(batch);
  }
  return {
    clients,
    meter,
    close() {
      for (const client of clients) client.cut();
    },
  };
}
