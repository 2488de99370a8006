import { programConfig } from '../tsup.shared.js';

export default programConfig({
  entry: {
    main: 'src/main.ts',
    'load/flood': 'src/load/flood.ts',
    'load/worker': 'src/load/worker.ts',
    'servers/bun': 'src/servers/bun.ts',
    'servers/socket-io': 'src/servers/socket-io.ts',
    'servers/trunkline': 'src/servers/trunkline.ts',
    'servers/ws': 'src/servers/ws.ts',
    'servers/ws-outbox': 'src/servers/ws-outbox.ts',
  },
});
