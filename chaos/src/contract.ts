/** The contract of every campaign: the reserved kind `verify`, and one like it with a history that outages outlive. */
import { defineContract, verifyKind } from '@trunkline/protocol/contract';

export default defineContract({ rooms: { brief: { ...verifyKind, historySize: 30 } } });
