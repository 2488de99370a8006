import type { Topology } from './topology.js';

/** One figure of a node's `/metrics`, summed over its labels. 0: the node never counted it. */
export async function scrape(topology: Topology, node: number, name: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${topology.nodes[node]?.port}/metrics`, {
    headers: { authorization: `Bearer ${await topology.token('scraper')}` },
    signal: AbortSignal.timeout(5_000),
  });
  if (!answer.ok) throw new Error(`/metrics was answered ${answer.status}`);
  const sample = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`);
  const values = (await answer.text()).split('\n').map((line) => Number(sample.exec(line)?.[1] ?? 0));
  return values.reduce((sum, value) => sum + value, 0);
}
