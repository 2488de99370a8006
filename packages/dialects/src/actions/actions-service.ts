import { TrunklineError } from '@trunkline/protocol';
import type { Hub, Published } from '@trunkline/server';
import { type Update, updateSchema } from './schema.js';

export interface ActionsService {
  /**
   * Tells a company's clients, or those that named an artifact of it, an `UPDATE`. Never leaves the company.
   *
   * @throws {TrunklineError} `invalid_data` for no update, `invalid_room` for ids outside a room's grammar, else as `hub.publish`
   */
  sendUpdate(companyId: string, message: Update, artifactId?: string): Promise<Published>;
}

/** The format's backend functions over any hub. */
export function actionsService(hub: Pick<Hub, 'publish'>): ActionsService {
  return {
    async sendUpdate(companyId, message, artifactId) {
      const read = updateSchema.safeParse(message);
      if (!read.success) throw new TrunklineError('invalid_data', 'Give the update an action.', { path: 'action' });
      // A slash would end the company's id in `artifact:<company>/<artifact>`, and reach another company's rooms.
      if (companyId.includes('/'))
        throw new TrunklineError('invalid_room', 'A company id holds no slash.', { path: 'companyId' });
      const { action, requestId, data = null } = read.data;
      const room = artifactId === undefined ? `company:${companyId}` : `artifact:${companyId}/${artifactId}`;
      return await hub.publish({
        rooms: [room],
        event: 'update',
        data: { action, ...(requestId === undefined ? {} : { requestId }), data },
        from: { service: 'actions' },
      });
    },
  };
}
