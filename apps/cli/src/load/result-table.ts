import Table from 'cli-table3';
import type { LoadResult } from './run-load.js';

export function resultTable(result: LoadResult): string {
  const counts = new Table({ style: { head: [], border: [] } });
  counts.push(
    { connections: `${result.connections} in ${result.rooms} rooms, opened in ${result.openMs} ms` },
    { published: `${result.published} in ${result.publishMs} ms` },
    { acknowledged: result.acknowledged },
    { refused: result.refused },
    { delivered: result.delivered },
    { lost: result.lost },
  );
  const times = new Table({ head: ['ms', 'p50', 'p95', 'p99', 'max'], style: { head: [], border: [] } });
  for (const [name, { p50, p95, p99, max }] of [
    ['publish to ack', result.ack],
    ['publish to delivery', result.delivery],
  ] as const)
    times.push([name, p50, p95, p99, max]);
  return `${counts.toString()}\n${times.toString()}`;
}
