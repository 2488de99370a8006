import { ruleOfThree } from '@trunkline/cli/verify';
import { Command } from 'commander';
import { ledgerRows, type Row, rowsTable } from './ledger-rows.js';
import { explainRestart, type RollingOptions, runRolling } from './rolling.js';

const MODES: Readonly<Record<string, Omit<RollingOptions, 'say'>>> = {
  full: { nodes: 3, clients: 2_000, drainWindowMs: 5_000, publishesPerSecond: 20 },
  smoke: { nodes: 2, clients: 200, drainWindowMs: 5_000, publishesPerSecond: 20 },
};

const command = new Command('rolling')
  .description('Restarts every node in turn, behind a balancer and under load, and judges what SDK clients saw.')
  .argument('[mode]', '`smoke` (2 nodes, 200 clients) or `full` (3 nodes, 2 000 clients)', 'full')
  .option('--json', 'print the result as JSON')
  .parse();
const mode = MODES[command.args[0] ?? 'full'];
if (mode === undefined) command.error('The mode is smoke or full.');
else {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const { ledger, balancer, restarts, back, complaints } = await runRolling({ ...mode, say });
  const text = [
    `${mode.nodes} nodes · ${mode.clients} clients · ${balancer} · Node ${process.version}`,
    '',
    rowsTable([
      ...ledgerRows(ledger),
      ['clients back', `${back} of ${mode.clients}`],
      ['away p50', `${ledger.resumeP50Ms} ms`],
      ['away p99', `${ledger.resumeP99Ms} ms`],
      ...restarts.map((restart, index): Row => [`restart of node ${index + 1}`, explainRestart(restart)]),
    ]),
    '',
    `${complaints.length} complaints; ${ruleOfThree(ledger.acknowledged)}.`,
    ...complaints.slice(0, 20).map((complaint) => `- ${complaint}`),
  ].join('\n');
  process.stdout.write(
    `${command.opts<{ json?: true }>().json ? JSON.stringify({ ledger, balancer, restarts, back, complaints }) : text}\n`,
  );
  process.exit(complaints.length === 0 ? 0 : 1);
}
