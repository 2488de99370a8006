import { Command } from 'commander';
import { runCampaign } from './campaign.js';
import { keepHistory } from './keep-history.js';
import { runKill } from './kill.js';
import { killReport } from './kill-report.js';
import { MUTANTS } from './mutants.js';
import { mutantsTable } from './mutants-table.js';
import { NEMESES, nemesesNamed } from './nemeses/all-nemeses.js';
import { report } from './report.js';
import { isProof, runMutants } from './run-mutants.js';
import { runSteady } from './steady.js';
import { steadyReport } from './steady-report.js';

const print = (text: string) => process.stdout.write(`${text}\n`);
const say = (line: string) => process.stderr.write(`${line}\n`);
const anySeed = String(Date.now() % 1_000_000);

interface CampaignFlags {
  readonly seed: string;
  readonly seconds?: string;
  readonly clients: string;
  readonly nodes: string;
  readonly workers: string;
  readonly store?: string;
  readonly only?: string;
  readonly calm: string;
  readonly json?: true;
}

/** Which Redis, and for which share of the time. */
type Part = readonly [store: 'single' | 'sentinel', share: number];

function partsOf(mode: string, { store, only }: CampaignFlags): readonly Part[] {
  if (store === 'single' || store === 'sentinel') return [[store, 1]];
  if (store !== undefined) throw new RangeError('The store is single or sentinel.');
  return mode === 'full' && only === undefined
    ? [
        ['single', 0.8],
        ['sentinel', 0.2],
      ]
    : [['single', 1]];
}

const program = new Command('chaos').description(
  'Nodes, real Redis, clients of the public SDK, every nemesis, and the judge of what their callbacks saw.',
);

program
  .command('campaign', { isDefault: true })
  .description('Every nemesis in random order, then the judge.')
  .argument('[mode]', '`smoke` (60 s) or `full` (10 minutes, the last two of them under Sentinel)', 'full')
  .option('--seed <number>', 'replays a run', anySeed)
  .option('--seconds <number>', 'how long faults go on')
  .option('--clients <number>', 'clients of the SDK', '40')
  .option('--nodes <number>', 'server processes', '3')
  .option('--workers <number>', 'threads that the clients run in', '4')
  .option('--store <kind>', '`single` Redis behind fault proxies, or `sentinel`: failovers')
  .option('--only <names>', 'these nemeses alone, comma separated')
  .option('--calm <seconds>', 'between two strikes at least; above 5 every backoff begins anew', '0.5')
  .option('--json', 'print the results as JSON')
  .action(async (mode: string, flags: CampaignFlags) => {
    const { seconds = mode === 'smoke' ? '45' : '600', only } = flags;
    for (const [store, share] of partsOf(mode, flags)) {
      const result = await runCampaign({
        seed: Number(flags.seed),
        durationMs: Number(seconds) * 1_000 * share,
        store,
        clients: Number(flags.clients),
        nodes: Number(flags.nodes),
        workers: Number(flags.workers),
        calmMs: Number(flags.calm) * 1_000,
        ...(only === undefined ? {} : { nemeses: nemesesNamed(only, NEMESES[store]) }),
        say,
      });
      print(
        flags.json
          ? JSON.stringify({ ...result, gaps: Object.fromEntries(result.gaps), history: undefined, output: undefined })
          : report(result),
      );
      if (result.ledger.findings.length > 0) {
        process.exitCode = 1;
        say(result.output.slice(-4_000));
        say(`the rooms' history: ${await keepHistory(result)}`);
      }
    }
  });

program
  .command('kill')
  .description('Kills one of several nodes with SIGKILL, and times how its clients come back.')
  .option('--clients <number>', 'of the node that is killed; the others have as many each', '500')
  .option('--nodes <number>', 'server processes', '3')
  .option('--json', 'print the result as JSON')
  .action(async (flags: { readonly clients: string; readonly nodes: string; readonly json?: true }) => {
    const result = await runKill({
      nodes: Number(flags.nodes),
      clients: Number(flags.clients),
      publishesPerSecond: 20,
      say,
    });
    print(flags.json ? JSON.stringify(result) : killReport(result));
    process.exitCode = result.complaints.length === 0 ? 0 : 1;
  });

program
  .command('steady')
  .description('The everyday with nothing wrong: no gap may be told, and memory may not grow.')
  .option('--seconds <number>', 'after a minute of warming up', '600')
  .option('--clients <number>', 'in busy rooms; a quarter as many more are in quiet ones', '40')
  .option('--rate <number>', 'publishes a second of all clients together', '100')
  .option('--nodes <number>', 'server processes', '3')
  .option('--seed <number>', 'replays the choices', anySeed)
  .action(async ({ seconds, clients, rate, nodes, seed }: Readonly<Record<string, string>>) => {
    const result = await runSteady({
      seconds: Number(seconds),
      clients: Number(clients),
      rate: Number(rate),
      nodes: Number(nodes),
      seed: Number(seed),
      say,
    });
    print(steadyReport(result));
    process.exitCode = result.complaints.length === 0 ? 0 : 1;
  });

program
  .command('mutants')
  .description('Puts one defect after the other into our own server: each must be caught, and nothing found without.')
  .option('--seed <number>', 'replays a run', anySeed)
  .option('--pick <text>', 'those whose name contains it', '')
  .action(async ({ pick, seed }: { readonly pick: string; readonly seed: string }) => {
    const mutants = MUTANTS.filter(({ name }) => name.includes(pick));
    const runs = await runMutants(mutants, { seed: Number(seed), say });
    print(mutantsTable(runs, Number(seed)));
    process.exitCode = runs.length > 0 && isProof(runs) ? 0 : 1;
  });

await program.parseAsync();
process.exit();
