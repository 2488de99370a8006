import { programConfig } from '../tsup.shared.js';

export default programConfig({
  entry: [
    'src/apply-mutant.ts',
    'src/contract.ts',
    'src/exchange.ts',
    'src/harm.ts',
    'src/load-hook.ts',
    'src/main.ts',
    'src/rolling-main.ts',
    'src/worker.ts',
  ],
});
