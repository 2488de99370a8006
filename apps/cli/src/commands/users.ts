import { Command, Option } from 'commander';
import pc from 'picocolors';
import { collected } from '../arguments.js';
import { createOutput } from '../output.js';
import { readNewPassword } from '../read-password.js';

interface FileOptions {
  readonly file: string;
  readonly json?: boolean;
}

interface AddOptions extends FileOptions {
  readonly name?: string;
  readonly phone?: string;
  readonly role: readonly string[];
  readonly company?: string;
}

export function usersCommand(): Command {
  return new Command('users')
    .description('the accounts of USERS_FILE')
    .addCommand(addCommand())
    .addCommand(listCommand());
}

function addCommand(): Command {
  return withFile(new Command('add'))
    .description('add an account; the password is asked for, or read from standard input')
    .argument('<id>', 'the user id that its tokens carry')
    .option('--name <name>', 'what POST /token knows it by (default: the id)')
    .option('--phone <number>', 'what POST /api/v2/auth/login knows it by')
    .option('--role <role>', 'a role; may come several times', collected, [])
    .option('--company <id>', 'the company')
    .action(async (id: string, options: AddOptions) => {
      const { file, name = options.phone === undefined ? id : undefined, phone, role, company } = options;
      const account = {
        id,
        ...(name === undefined ? {} : { name }),
        ...(phone === undefined ? {} : { phone }),
        ...(role.length === 0 ? {} : { roles: [...role] }),
        ...(company === undefined ? {} : { company_id: company }),
      };
      const { addAccount } = await import('../users-file.js');
      await addAccount(file, account, readNewPassword);
      createOutput(options.json).print({ added: account, file }, () => `${pc.green('✓')} ${id} is in ${file}`);
    });
}

function listCommand(): Command {
  return withFile(new Command('list'))
    .description('list the accounts, without their hashes')
    .action(async ({ file, json }: FileOptions) => {
      const { readAccounts } = await import('../users-file.js');
      const accounts = await readAccounts(file);
      const shown = accounts.map(({ hash, ...account }) => account);
      const { default: Table } = await import('cli-table3');
      createOutput(json).print(shown, () => {
        const table = new Table({ head: ['id', 'name', 'phone', 'roles', 'company'], style: { head: [], border: [] } });
        for (const { id, name = '', phone = '', roles = [], company_id: company = '' } of shown)
          table.push([id, name, phone, roles.join(', '), company]);
        return table.toString();
      });
    });
}

function withFile(command: Command): Command {
  return command
    .addOption(new Option('--file <path>', 'the accounts').env('USERS_FILE').makeOptionMandatory())
    .option('--json', 'as JSON');
}
