import { ruleOfThree } from '@trunkline/cli/verify';
import type { KillResult } from './kill.js';
import { ledgerRows, rowsTable } from './ledger-rows.js';

/** What `kill` prints. */
export function killReport(result: KillResult): string {
  const { nodes, balancer, killed, returned, peakShare, peakTries, lastMs, ledger, complaints } = result;
  return [
    `${nodes} nodes · ${killed} clients on the one that was killed · ${balancer} · Node ${process.version}`,
    '',
    rowsTable([
      ['clients back', `${returned} of ${killed}`],
      ['the last one back after', `${lastMs} ms`],
      ['fullest 100 ms of welcomes', `${(peakShare * 100).toFixed(1)} % of them`],
      ['fullest 100 ms of tries to connect', `${(peakTries * 100).toFixed(1)} % of them`],
      ['away p50', `${ledger.resumeP50Ms} ms`],
      ['away p99', `${ledger.resumeP99Ms} ms`],
      ...ledgerRows(ledger),
    ]),
    '',
    `${complaints.length} complaints; ${ruleOfThree(ledger.acknowledged)}.`,
    ...complaints.slice(0, 20).map((complaint) => `- ${complaint}`),
  ].join('\n');
}
