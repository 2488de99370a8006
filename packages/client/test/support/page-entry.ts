import { createClient } from '../../src/index.js';
import { indexedDbQueue } from '../../src/indexed-db.js';
import { localStorageQueue } from '../../src/local-storage.js';

/** What the browser tests find as `trunkline` in their pages. */
export { createClient, indexedDbQueue, localStorageQueue };
