import { programConfig } from '../tsup.shared.js';

export default programConfig({
  entry: [
    'src/apply-mutant.ts',
    'src/exchange.ts',
    'src/load-hook.ts',
    'src/main.ts',
    'src/rolling-main.ts',
    'src/worker.ts',
  ],
});
