import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultClientConditions, defaultServerConditions } from 'vite';
import { defineProject } from 'vitest/config';

const SOURCE = '@trunkline/source';

/** What every package's tests share; `url` is the config's own `import.meta.url`. Workspace packages come from source. */
export function projectConfig(url: string) {
  const root = fileURLToPath(new URL('.', url));
  return defineProject({
    root,
    resolve: { conditions: [SOURCE, ...defaultClientConditions] },
    ssr: {
      resolve: { conditions: [SOURCE, ...defaultServerConditions], externalConditions: [SOURCE] },
      noExternal: [/^@trunkline\//],
    },
    test: {
      name: projectName(root),
      environment: 'node',
      hookTimeout: 60_000,
      include: ['{src,test}/**/*.test.{ts,tsx}', '*.test.ts'],
      // CI shares two cores between browsers, Redis and servers: what fails by its load alone gets one more try, and is shown.
      retry: process.env.CI ? 1 : 0,
      testTimeout: 60_000,
    },
  });
}

/** `packages/server` and `apps/server` must not both be called server. */
function projectName(root: string): string {
  const parent = basename(fileURLToPath(new URL('..', `file://${root}`)));
  return parent === 'packages' ? basename(root) : `${parent}/${basename(root)}`;
}
