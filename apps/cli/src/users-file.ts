import { existsSync } from 'node:fs';
import { type Account, accountSchema, BCRYPT_COST, MAX_PASSWORD_BYTES } from '@trunkline/server-app/account';
import { readUsersFile } from '@trunkline/server-app/users-file';
import { CommandError, EXIT } from './exit-code.js';
import { replaceFile } from './replace-file.js';

export async function readAccounts(file: string): Promise<readonly Account[]> {
  if (!existsSync(file))
    throw new CommandError(
      EXIT.configuration,
      `${file} does not exist; "trunkline users add" makes it.`,
      'configuration',
    );
  return readUsersFile(file);
}

/**
 * Adds one account; the file is replaced as a whole, so that a server never reads half of it.
 *
 * @param password asked for only when the account can be added
 */
export async function addAccount(
  file: string,
  account: Omit<Account, 'hash'>,
  password: () => Promise<string>,
): Promise<void> {
  await knownWithout(account, file);
  const { hash } = await import('bcrypt');
  const added = accountSchema.safeParse({ ...account, hash: await hash(checked(await password()), BCRYPT_COST) });
  if (!added.success) {
    const [issue] = added.error.issues;
    throw new CommandError(
      EXIT.usage,
      `The account is not valid: ${issue?.path.join('.')} ${issue?.message}.`,
      'invalid',
    );
  }
  // Read once more: others may have been added while the password was typed.
  await replaceFile(file, async () => {
    const users = [...(await knownWithout(account, file)), added.data];
    return `${JSON.stringify({ users }, null, 2)}\n`;
  });
}

async function knownWithout(account: Omit<Account, 'hash'>, file: string): Promise<readonly Account[]> {
  const known = existsSync(file) ? await readUsersFile(file) : [];
  const logins = known.flatMap(({ id, name, phone }) => [id, name, phone]);
  const taken = [account.id, account.name, account.phone].find(
    (login) => login !== undefined && logins.includes(login),
  );
  if (taken === undefined) return known;
  throw new CommandError(EXIT.failed, `${taken} is in ${file} already; choose another id, name or phone.`, 'taken');
}

function checked(password: string): string {
  if (password === '') throw new CommandError(EXIT.usage, 'The password is empty; type one.', 'invalid');
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES)
    throw new CommandError(
      EXIT.usage,
      `The password is longer than ${MAX_PASSWORD_BYTES} bytes; choose a shorter one.`,
      'invalid',
    );
  return password;
}
