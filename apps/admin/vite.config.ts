import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

// apps/server serves dist/ at '/admin/'. Workspace packages come from source, so that `vite` reloads with them.
export default defineConfig({
  base: './',
  build: { chunkSizeWarningLimit: 1_500 },
  plugins: [react()],
  resolve: { conditions: ['@trunkline/source', ...defaultClientConditions] },
  server: { proxy: { '^/(admin/(api|login|logout)|v1/)': { target: 'http://127.0.0.1:8080', ws: true } } },
});
