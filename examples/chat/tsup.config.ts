import { defineConfig } from 'tsup';
import { programConfig } from '../../tsup.shared.js';

export default defineConfig({ ...programConfig({ entry: ['server/main.ts'] }), outDir: 'dist/server' });
