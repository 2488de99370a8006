import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { wholeNumber } from '../arguments.js';
import { CommandError, EXIT } from '../exit-code.js';

/** Beside this program in the repository and in the container. */
const MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));

interface ServeOptions {
  readonly port?: number;
  readonly host?: string;
  readonly listen?: string;
  readonly redis?: string;
  readonly production?: boolean;
  readonly main: string;
}

export function serveCommand(): Command {
  return new Command('serve')
    .description('run the server in this process; its variables are in apps/server/README.md')
    .option('--port <port>', 'PORT', wholeNumber(0, 65_535))
    .option('--host <address>', 'HOST')
    .option('--listen <list>', 'LISTEN: more ports, as in 8000=shipvox')
    .option('--redis <url>', 'REDIS_URL')
    .option('--production', 'NODE_ENV=production')
    .option('--main <file>', "the server's main module", MAIN)
    .action(async ({ port, host, listen, redis, production, main }: ServeOptions) => {
      if (!existsSync(main))
        throw new CommandError(
          EXIT.configuration,
          `There is no server at ${main}: build it in the repository (npm run build), or run the container; the npm package holds none.`,
          'configuration',
        );
      const variables = {
        PORT: port === undefined ? undefined : String(port),
        HOST: host,
        LISTEN: listen,
        REDIS_URL: redis,
        NODE_ENV: production ? 'production' : undefined,
      };
      for (const [name, value] of Object.entries(variables)) if (value !== undefined) process.env[name] = value;
      await import(pathToFileURL(main).href);
    });
}
