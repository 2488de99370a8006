import { ruleOfThree } from '@trunkline/cli/verify';
import { ledgerRows, type Row, rowsTable } from './ledger-rows.js';
import type { SteadyResult } from './steady.js';
import { percentile } from './strikes.js';

/** What `steady` prints. */
export function steadyReport(result: SteadyResult): string {
  const { seed, seconds, nodes, clients, rate, ledger, memory, gapsCounted, ackMs, deliveryMs, complaints } = result;
  const spread = (times: readonly number[]) => `p50 ${percentile(times, 0.5)} ms, p99 ${percentile(times, 0.99)} ms`;
  return [
    `seed ${seed} · ${seconds} s after a minute of warming up · ${nodes} nodes · ${clients} clients in busy rooms · ${rate} publishes a second · Node ${process.version}`,
    '',
    rowsTable([
      ...ledgerRows(ledger),
      ['gaps counted by the nodes', gapsCounted],
      ['connections lost', ledger.resumes],
      ['call to acknowledgement', spread(ackMs)],
      ['call to callback, each member', spread(deliveryMs)],
      ...memory.map(
        ({ firstHalf, secondHalf }, node): Row => [
          `resident memory of node ${node + 1}, at most`,
          `${firstHalf.toFixed(0)} MB in the first half, ${secondHalf.toFixed(0)} MB in the second`,
        ],
      ),
    ]),
    '',
    `${complaints.length} complaints; ${ruleOfThree(ledger.acknowledged)}.`,
    ...complaints.slice(0, 20).map((complaint) => `- ${complaint}`),
  ].join('\n');
}
