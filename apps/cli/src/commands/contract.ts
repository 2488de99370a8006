import { findBreakingChanges } from '@trunkline/protocol/contract';
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { readContract } from '../contract-source.js';
import { EXIT } from '../exit-code.js';
import { createOutput } from '../output.js';

interface CheckOptions {
  readonly against: string;
  readonly token?: string;
  readonly json?: boolean;
}

const SOURCE = 'an ES module, a .json of "contract print", or the URL of a server';

export function contractCommand(): Command {
  return new Command('contract')
    .description('the contract: print it, and check that a new one breaks nobody')
    .addCommand(printCommand())
    .addCommand(checkCommand());
}

function printCommand(): Command {
  return withToken(new Command('print'))
    .description('print it as JSON Schema, to keep beside a release')
    .argument('<contract>', SOURCE)
    .action(async (source: string, { token }: { readonly token?: string }) => {
      const contract = await readContract(source, token);
      createOutput(false).print(contract, () => JSON.stringify(contract, null, 2));
    });
}

function checkCommand(): Command {
  return withToken(new Command('check'))
    .description('name every change that breaks clients and services built with the older one; for CI')
    .argument('<contract>', `the new one: ${SOURCE}`)
    .requiredOption('--against <contract>', `the older one: ${SOURCE}`)
    .option('--json', 'as JSON')
    .action(async (source: string, { against, token, json }: CheckOptions) => {
      const [newer, older] = await Promise.all([readContract(source, token), readContract(against, token)]);
      const changes = findBreakingChanges(older, newer);
      createOutput(json).print({ breaking: changes.length, changes }, () =>
        [
          ...changes.map(({ where, message }) => `${pc.red('✗')} ${pc.bold(where)}: ${message}`),
          changes.length === 0 ? `${pc.green('✓')} it breaks nobody` : `Breaking changes: ${changes.length}`,
        ].join('\n'),
      );
      if (changes.length > 0) process.exitCode = EXIT.failed;
    });
}

function withToken(command: Command): Command {
  return command.addOption(new Option('--token <jwt>', 'for a server: role admin or service').env('TRUNKLINE_TOKEN'));
}
