import type { ApiContext } from './api-context.js';
import { roomName, roomParams, userParams } from './shapes.js';
import type { Api } from './zod-schemas.js';

export function presenceRoutes(app: Api, { hub, guard }: ApiContext): void {
  const admin = { onRequest: guard.role('admin') };

  app.get(
    '/v1/rooms/:room/presence',
    { ...admin, schema: { tags: ['Presence'], summary: 'Who is in a room', params: roomParams } },
    (request) => hub.presence(roomName(request.params.room)),
  );

  app.get(
    '/v1/users/:id/presence',
    { ...admin, schema: { tags: ['Presence'], summary: 'Where a user is', params: userParams } },
    async (request) => {
      const rooms = await hub.roomsOf(request.params.id);
      return { userId: request.params.id, online: rooms.length > 0, rooms };
    },
  );
}
