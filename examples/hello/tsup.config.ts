import { programConfig } from '../../tsup.shared.js';

export default programConfig({ entry: ['src/server.ts', 'src/client.ts'] });
