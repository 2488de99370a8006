import { fileURLToPath } from 'node:url';
import { mergeConfig } from 'vitest/config';
import { projectConfig } from '../../vitest.shared.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The module names that the wire formats' documents use in their snippets; tsconfig.json has them too.
export default mergeConfig(projectConfig(import.meta.url), {
  resolve: {
    alias: {
      'contexts/AuthContext': at('test/fixtures/auth-context.ts'),
      'examples/websocket': at('test/fixtures/web-socket-demo.tsx'),
      'hooks/websocket': at('src/falcon.ts'),
    },
  },
});
