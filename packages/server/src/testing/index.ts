/** For tests: a server for an application's own, and the conformance suite of each seam, for every implementation of it. */
export {
  type BrokerConformanceOptions,
  type BrokerNodes,
  brokerConformance,
} from './broker-conformance.js';
export { type BrokerRecorder, createBrokerRecorder } from './broker-recorder.js';
export { makePublication } from './broker-trial.js';
export { type DialectConformanceOptions, dialectConformance, type ServedHub } from './dialect-conformance.js';
export type { DialectSpeaker, Heard, SpeakerConnection, SpokenEvent } from './dialect-speaker.js';
export {
  type DirectoryConformanceOptions,
  type DirectoryNodes,
  directoryConformance,
} from './directory-conformance.js';
export { type LedgerConformanceOptions, type LedgerNodes, ledgerConformance } from './ledger-conformance.js';
export {
  type PresenceNodes,
  type PresenceStoreConformanceOptions,
  presenceStoreConformance,
} from './presence-store-conformance.js';
export { createTestServer, type TestServer } from './test-server.js';
