import { setTimeout as delay } from 'node:timers/promises';
import { createProbe, type Finding, type HistoryEntry, monotonicMicros } from '@trunkline/cli/verify';
import { WebSocket } from 'ws';
import type { Topology } from './topology.js';

/** Within it a revocation acts on every node that hears the broker. */
const REVOKED_MS = 1_000;
const OUTCAST = 'outcast';

/** Revokes what one member came in with, goes on publishing, and finds out whether it still gets anything. */
export async function checkRevocation(topology: Topology): Promise<readonly Finding[]> {
  const history: HistoryEntry[] = [];
  const { rooms, urls } = topology;
  const outcast = createProbe({
    name: OUTCAST,
    rooms,
    random: Math.random,
    record: (entry) => history.push(entry),
    client: { url: urls.at(-1) ?? '', token: await topology.token(OUTCAST), WebSocket },
  });
  try {
    await outcast.join();
    // Told to another node than the one that it is connected to.
    await post(topology, '/v1/tokens/revoke', { subject: OUTCAST });
    const since = monotonicMicros() + REVOKED_MS * 1_000;
    await delay(REVOKED_MS);
    for (const room of rooms)
      await post(topology, `/v1/rooms/${encodeURIComponent(room)}/events`, {
        type: 'probe',
        data: { uid: 'late', room },
      });
    const { status } = outcast.client.state;
    const findings: Finding[] = history.flatMap((entry) =>
      entry.type === 'event' && entry.at > since
        ? [{ violation: 'delivery-after-revocation', room: entry.room, detail: `${entry.uid} at ${entry.offset}` }]
        : [],
    );
    if (status !== 'closed')
      findings.push({ violation: 'delivery-after-revocation', room: '', detail: `its client is ${status}` });
    return findings;
  } finally {
    await outcast.client.close();
  }
}

async function post({ nodes: [node], token }: Topology, path: string, body: unknown): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${node?.port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await token('operator')}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(5_000),
  });
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status} ${await answer.text()}`);
  await answer.body?.cancel();
}
