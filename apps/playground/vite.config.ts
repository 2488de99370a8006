import { builtInContract, contractJsonSchema } from '@trunkline/protocol/contract';
import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

/**
 * The contract as JSON Schema, of the server that serves the page; where it does not say, the built-in one, made at build
 * time: no Zod in the page, whose CSP forbids the code that Zod generates.
 */
function contractSchema(): Plugin {
  return {
    name: 'contract-schema',
    enforce: 'pre',
    load: (id) =>
      id.endsWith('/playground/src/contract.ts')
        ? `const answer = await fetch('/contract.json').catch(() => null);
           const builtIn = ${JSON.stringify(contractJsonSchema(builtInContract))};
           export const contract = answer?.ok ? await answer.json() : builtIn;`
        : null,
  };
}

// apps/server serves dist/ at '/'. Workspace packages come from source, so that `vite` reloads with them.
export default defineConfig({
  base: './',
  build: { chunkSizeWarningLimit: 1_000 },
  plugins: [react(), contractSchema()],
  resolve: { conditions: ['@trunkline/source', ...defaultClientConditions] },
  server: {
    proxy: { '^/(contract.json|test-token|token|api/|v1/|realtime)': { target: 'http://127.0.0.1:8080', ws: true } },
  },
});
