import type { Ledger } from '@trunkline/cli/verify';

/** One line of a report. */
export type Row = readonly [name: string, value: number | string];

/** A two-column table in Markdown. */
export function rowsTable(rows: readonly Row[]): string {
  return ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

/** What every report begins with: publishes, and what became of them. */
export function ledgerRows(ledger: Ledger): readonly Row[] {
  return [
    ['published', ledger.published],
    ['acknowledged', ledger.acknowledged],
    ['refused for certain', ledger.failed],
    ['unknown', ledger.unknown],
    ['delivered to callbacks', ledger.delivered],
    ['lost acknowledged', ledger.lost],
    ['duplicated', ledger.duplicated],
    ['reordered', ledger.reordered],
    ['silent gaps', ledger.silentGaps],
    ['reported gaps', ledger.reportedGaps],
  ];
}
