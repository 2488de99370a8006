import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

// apps/server serves dist/ at '/'. Workspace packages come from source, so that `vite` reloads with them.
export default defineConfig({
  base: './',
  plugins: [react()],
  resolve: { conditions: ['@trunkline/source', ...defaultClientConditions] },
});
