import { Command } from 'commander';
import { runCampaign } from './campaign.js';
import { report } from './report.js';

const say = (line: string) => process.stderr.write(`${line}\n`);

const options = new Command('chaos')
  .description(
    '3 nodes, real Redis, clients of the public SDK, every nemesis, and the judge of what their callbacks saw.',
  )
  .argument('[mode]', '`smoke` (60 s) or `full` (10 minutes)', 'full')
  .option('--seed <number>', 'replays a run', String(Date.now() % 1_000_000))
  .option('--seconds <number>', 'how long faults go on')
  .option('--clients <number>', 'clients of the SDK', '40')
  .option('--json', 'print the ledger as JSON')
  .parse();

const { seed, seconds, clients, json } = options.opts<{
  seed: string;
  seconds?: string;
  clients: string;
  json?: true;
}>();
const durationMs = Number(seconds ?? (options.args[0] === 'smoke' ? 45 : 600)) * 1_000;
const result = await runCampaign({ seed: Number(seed), durationMs, clients: Number(clients), say });
process.stdout.write(
  json
    ? `${JSON.stringify({ ...result, output: undefined, strikes: Object.fromEntries(result.strikes) })}\n`
    : `${report(result)}\n`,
);
process.exit(result.ledger.findings.length === 0 ? 0 : 1);
