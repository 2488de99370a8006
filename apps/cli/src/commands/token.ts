import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import { collected, collectedRoom, lifetime, userId } from '../arguments.js';
import { createOutput } from '../output.js';
import { signingSecret, signToken } from '../sign-token.js';

interface TokenOptions {
  readonly user: string;
  readonly role: readonly string[];
  readonly room: readonly string[];
  readonly company?: string;
  readonly session?: string;
  readonly ttl: number;
  readonly json?: boolean;
}

export function tokenCommand(): Command {
  return new Command('token')
    .description('sign a token with JWT_SECRET (HS256)')
    .requiredOption('--user <id>', 'the user id (sub)', userId)
    .option('--role <role>', 'a role, such as admin or service; may come several times', collected, [])
    .option('--company <id>', 'the company (company_id)')
    .option('--room <room>', 'a room it may join, kind:id; may come several times', collectedRoom, [])
    .option('--session <id>', 'the session (sid)')
    .option('--ttl <time>', 'how long it lives: 90s, 15m, 2h, 7d', lifetime, 3_600)
    .option('--json', 'as JSON, with its claims')
    .action(async (options: TokenOptions) => {
      const secret = signingSecret(process.env);
      const now = Math.floor(Date.now() / 1_000);
      const claims = {
        sub: options.user,
        roles: options.role,
        ...(options.company === undefined ? {} : { company_id: options.company }),
        ...(options.room.length === 0 ? {} : { rooms: options.room }),
        ...(options.session === undefined ? {} : { sid: options.session }),
        jti: randomUUID(),
        iat: now,
        exp: now + options.ttl,
      };
      const token = await signToken(secret, claims, process.env);
      createOutput(options.json).print({ token, claims }, () => token);
    });
}
