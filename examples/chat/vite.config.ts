import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

const server = process.env.CHAT_SERVER ?? 'http://127.0.0.1:8080';
const proxy = { '/session': { target: server }, '/v1': { target: server, ws: true } };

export default defineConfig({
  build: { outDir: 'dist/page' },
  plugins: [react()],
  preview: { proxy },
  // Inside this repository packages come from source; an application leaves this line out.
  resolve: { conditions: ['@trunkline/source', ...defaultClientConditions] },
  server: { proxy },
});
