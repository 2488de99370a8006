import { builtInContract, defineContract } from '@trunkline/protocol/contract';

/** An operator's own: one kind that the built-in contract does not have. */
export default defineContract({ rooms: { garage: builtInContract.rooms.lobby } });
