import { Command } from 'commander';
import { connectCommand } from './commands/connect.js';
import { contractCommand } from './commands/contract.js';
import { doctorCommand } from './commands/doctor.js';
import { loadCommand } from './commands/load.js';
import { publishCommand } from './commands/publish.js';
import { serveCommand } from './commands/serve.js';
import { shipvoxCommand } from './commands/shipvox.js';
import { tailCommand } from './commands/tail.js';
import { tokenCommand } from './commands/token.js';
import { usersCommand } from './commands/users.js';
import { verifyCommand } from './commands/verify.js';

const EXIT_CODES = `
Exit codes:
  0   it worked
  1   the server refused, or a check failed
  2   wrong arguments
  69  the server can not be reached
  78  a variable or file is missing or bad`;

/** The whole command line; each command is a file of its own. `asJson`: errors are for programs, so commander tells none itself. */
export function createProgram(asJson = false): Command {
  const program = new Command('trunkline')
    .description('Talk to a Trunkline server, and run one.')
    .version('0.1.0')
    .addHelpText('after', EXIT_CODES)
    .showHelpAfterError('See trunkline --help.');
  for (const create of [
    connectCommand,
    tailCommand,
    publishCommand,
    tokenCommand,
    usersCommand,
    contractCommand,
    serveCommand,
    loadCommand,
    shipvoxCommand,
    verifyCommand,
    doctorCommand,
  ])
    program.addCommand(create());
  for (const command of allCommands(program)) {
    command.exitOverride();
    // As the server has it, an empty variable counts as absent.
    for (const { envVar } of command.options) if (envVar && process.env[envVar] === '') delete process.env[envVar];
    if (asJson) command.configureOutput({ writeErr: () => undefined });
  }
  return program;
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}
