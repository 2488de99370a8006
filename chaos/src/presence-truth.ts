import { setTimeout as delay } from 'node:timers/promises';
import type { Finding } from '@trunkline/cli/verify';
import type { PresenceMember } from '@trunkline/protocol';
import type { Topology } from './topology.js';

/** A lease (10 s) after the last fault, and time to look at every room on every node. */
const PATIENCE_MS = 15_000;

/** Holds what each node says of who is in each room, each with one connection, against who is; within a lease and a bit they must agree. */
export async function checkPresence(topology: Topology, members: readonly string[]): Promise<readonly Finding[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const findings = await compare(topology, members);
    if (findings.length === 0 || Date.now() > deadline) return findings;
    await delay(500);
  }
}

async function compare(topology: Topology, members: readonly string[]): Promise<readonly Finding[]> {
  const authorization = `Bearer ${await topology.token('observer')}`;
  const findings: Finding[] = [];
  for (const room of topology.rooms) {
    const expected = members.filter((member) => member.startsWith(`${room} `)).map((member) => member.split(' ')[1]);
    for (const { port } of topology.nodes) {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/rooms/${encodeURIComponent(room)}/presence`, {
        headers: { authorization },
        signal: AbortSignal.timeout(5_000),
      });
      const body = await answer.text();
      const present = answer.ok ? connectionsIn(JSON.parse(body)) : new Map<string, number>();
      const missing = expected.filter((user) => user !== undefined && !present.has(user));
      const ghosts = [...present].filter(([user, connections]) => !expected.includes(user) || connections !== 1);
      if (answer.ok && missing.length + ghosts.length === 0) continue;
      const ghostNames = ghosts.map(([user, connections]) => `${user} (${connections} connections)`);
      findings.push({
        violation: 'presence-wrong',
        room,
        detail: answer.ok ? `missing ${missing.join() || 'none'}, ghosts ${ghostNames.join() || 'none'}` : body,
      });
    }
  }
  return findings;
}

/** How many connections each user is present with. */
function connectionsIn(snapshot: unknown): ReadonlyMap<string, number> {
  const { members = [] } = snapshot as { readonly members?: readonly PresenceMember[] };
  return new Map(members.map(({ userId, connectionIds }) => [userId, connectionIds.length]));
}
