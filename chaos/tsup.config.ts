import { programConfig } from '../tsup.shared.js';

export default programConfig({ entry: ['src/main.ts', 'src/worker.ts'] });
