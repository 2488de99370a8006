import Table from 'cli-table3';
import pc from 'picocolors';
import { type Ledger, ruleOfThree } from './ledger.js';

/** The ledger for people: what was promised, what came of it. */
export function ledgerTable(ledger: Ledger, seed: number): string {
  const table = new Table({ style: { head: [], border: [] } });
  table.push(
    { published: ledger.published },
    { acknowledged: ledger.acknowledged },
    { delivered: ledger.delivered },
    { lost: ledger.lost },
    { duplicated: ledger.duplicated },
    { reordered: ledger.reordered },
    { 'silent gaps': ledger.silentGaps },
    { 'reported gaps': ledger.reportedGaps },
    { unknown: ledger.unknown },
    { 'refused for certain': ledger.failed },
    { 'resume p50 / p99': `${ledger.resumeP50Ms} / ${ledger.resumeP99Ms} ms, ${ledger.resumes} times` },
  );
  const verdict =
    ledger.findings.length === 0
      ? pc.green(`0 violations in ${ledger.acknowledged} acknowledged publishes (${ruleOfThree(ledger.acknowledged)}).`)
      : pc.red(`${ledger.findings.length} violations; seed ${seed} replays the choices:`);
  const findings = ledger.findings
    .slice(0, 20)
    .map(({ violation, room, detail }) => `  ${violation} in ${room}: ${detail}`);
  return [table.toString(), verdict, ...findings].join('\n');
}
