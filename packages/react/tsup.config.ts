import { defineConfig } from 'tsup';
import { libraryConfig } from '../../tsup.shared.js';

export default defineConfig({
  ...libraryConfig({ entry: ['src/index.ts', 'src/query.ts', 'src/shipvox.ts', 'src/falcon.ts'] }),
  // Components of a server tree import these files: this says that they run in the browser. Rollup would drop it.
  banner: { js: "'use client';" },
  treeshake: false,
});
