import { ruleOfThree } from '@trunkline/cli/verify';
import type { CampaignResult } from './campaign.js';

/** The report in Markdown, in the form of RELIABILITY 3.6: counts first, honest about what was not tried. */
export function report({ ledger, seed, durationMs, clients, strikes, redisVersion }: CampaignResult): string {
  const rows: readonly (readonly [string, number | string])[] = [
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
    ['acknowledged in an epoch that ended (told)', ledger.endedWithEpoch],
    ['resumes', ledger.resumes],
    ['resume p50', `${ledger.resumeP50Ms} ms`],
    ['resume p99', `${ledger.resumeP99Ms} ms`],
    ['violations in all', ledger.findings.length],
  ];
  return [
    `seed ${seed} · ${Math.round(durationMs / 1_000)} s · ${clients} clients · Node ${process.version} · Redis ${redisVersion}`,
    '',
    '| | |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    `${ledger.findings.length} violations in ${ledger.acknowledged} acknowledged publishes (${ruleOfThree(ledger.acknowledged)}).`,
    '',
    '| nemesis | times |',
    '|---|---|',
    ...[...strikes].sort().map(([name, times]) => `| ${name} | ${times} |`),
    '',
    ...ledger.findings.slice(0, 20).map(({ violation, room, detail }) => `- ${violation} in ${room}: ${detail}`),
  ].join('\n');
}
