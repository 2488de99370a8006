import { loadContract } from '@trunkline/server-app/contract-file';
import { readConfiguration } from '@trunkline/server-app/read-configuration';
import { readUsersFile } from '@trunkline/server-app/users-file';
import { type Check, type Finding, fault, messageOf, ok, warning } from './finding.js';

/** Every variable of the server, and the files that variables name; with the server's own code. */
export const checkConfiguration: Check = async ({ env }) => {
  const findings: Finding[] = [];
  try {
    const { production, contractFile, usersFile, redis } = readConfiguration(env);
    findings.push(ok('configuration', `valid (${production ? 'production' : 'development'})`));
    if (!production)
      findings.push(
        warning(
          'environment',
          'development: known accounts and a test token',
          'Set NODE_ENV=production and JWT_SECRET.',
        ),
      );
    if (production && !redis)
      findings.push(
        warning(
          'environment',
          'no Redis: rooms live in one process and end with it',
          'Set REDIS_URL to run several nodes.',
        ),
      );
    if (contractFile) findings.push(await checkFile('contract', contractFile, () => loadContract(contractFile)));
    if (usersFile) findings.push(await checkFile('users', usersFile, () => readUsersFile(usersFile)));
  } catch (error) {
    findings.push(
      fault('configuration', messageOf(error), 'Correct this variable; the server does not start with it.'),
    );
  }
  return findings;
};

async function checkFile(check: string, file: string, read: () => Promise<unknown>): Promise<Finding> {
  try {
    await read();
    return ok(check, `${file} is good`);
  } catch (error) {
    return fault(check, messageOf(error), `Correct ${file}, or unset the variable.`);
  }
}
