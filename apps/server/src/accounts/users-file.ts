import { readFile } from 'node:fs/promises';
import { ConfigurationError } from '../config/configuration-error.js';
import { type Account, usersFileSchema } from './account.js';

/** @throws {ConfigurationError} naming USERS_FILE: unreadable, no JSON, a bad or doubled account */
export async function readUsersFile(path: string): Promise<readonly Account[]> {
  const result = usersFileSchema.safeParse(parse(await read(path)));
  if (!result.success) {
    throw new ConfigurationError(
      'USERS_FILE',
      'must be {"users":[{"id","name" or "phone","hash" (bcrypt),"roles"?,"company_id"?}]}.',
    );
  }
  const logins = result.data.flatMap(({ name, phone }) => [name, phone].filter((login) => login !== undefined));
  if (new Set(logins).size !== logins.length)
    throw new ConfigurationError('USERS_FILE', 'holds a name or phone twice.');
  return result.data;
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new ConfigurationError('USERS_FILE', 'can not be read.');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigurationError('USERS_FILE', 'is not JSON.');
  }
}
