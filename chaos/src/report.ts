import { ruleOfThree } from '@trunkline/cli/verify';
import type { CampaignResult } from './campaign.js';
import { ledgerRows, rowsTable } from './ledger-rows.js';
import { type Effect, percentile } from './strikes.js';

/** The report of one campaign in Markdown: counts first, then what each nemesis did, honest about what is not known. */
export function report(result: CampaignResult): string {
  const { ledger, store, seed, durationMs, nodes, clients, rooms, effects, gaps, redisVersion } = result;
  const cuts = effects.filter((effect) => effect.cuts);
  return [
    `${store} Redis ${redisVersion} · seed ${seed} · ${Math.round(durationMs / 1_000)} s · ${nodes} nodes · ${clients} clients · ${rooms.length} rooms · Node ${process.version}`,
    '',
    rowsTable([
      ...ledgerRows(ledger),
      ...[...gaps].sort().map(([reason, times]) => [`reported gaps: ${reason}`, times] as const),
      ['acknowledged in an epoch that ended (told)', ledger.endedWithEpoch],
      ['away after a cut (reset, lost acknowledgement, cut mid-frame), open for 5 s before', times(cuts, 'calmAwayMs')],
      ['away after a cut, backing off since an earlier one', times(cuts, 'hurriedAwayMs')],
      ['away after anything', times(effects, 'awayMs')],
      ['violations in all', ledger.findings.length],
    ]),
    '',
    `${ledger.findings.length} violations in ${ledger.acknowledged} acknowledged publishes (${ruleOfThree(ledger.acknowledged)}).`,
    '',
    'From each strike to the next one, of any kind:',
    '',
    '| nemesis | times | acknowledged | unknown | gaps told | resumes | away p50 / p99 / longest, ms |',
    '|---|---|---|---|---|---|---|',
    ...effects.map((effect) => {
      const { nemesis, times, acknowledged, unknown, gaps: told, awayMs } = effect;
      const away = [percentile(awayMs, 0.5), percentile(awayMs, 0.99), percentile(awayMs, 1)].join(' / ');
      return `| ${nemesis} | ${times} | ${acknowledged} | ${unknown} | ${told} | ${awayMs.length} | ${awayMs.length === 0 ? '' : away} |`;
    }),
    '',
    ...ledger.findings.slice(0, 20).map(({ violation, room, detail }) => `- ${violation} in ${room}: ${detail}`),
  ].join('\n');
}

function times(effects: readonly Effect[], which: 'awayMs' | 'calmAwayMs' | 'hurriedAwayMs'): string {
  const all = effects.flatMap((effect) => effect[which]).sort((a, b) => a - b);
  if (all.length === 0) return 'nobody';
  return `p50 ${percentile(all, 0.5)} ms, p99 ${percentile(all, 0.99)} ms, ${all.length} times`;
}
