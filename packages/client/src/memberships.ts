import type { ErrorFrame, RoomRequest, TrunklineError } from '@trunkline/protocol';
import { createMembership } from './membership.js';
import type { Membership, MembershipParts } from './membership-api.js';

/** The rooms of one client, and how a hello asks for them. */
export interface Memberships {
  all(): readonly Membership[];
  /** Makes it known, if it was not. */
  get(name: string): Membership;
  find(name: string): Membership | undefined;
  /** The rooms for a hello, as many as fit; they count as asked from now on. */
  forHello(helloId: string): readonly RoomRequest[];
  opened(): void;
  dropped(): void;
  end(error: TrunklineError): void;
  /** False when it is not about a room of the hello. */
  refused(frame: ErrorFrame): boolean;
}

export function createMemberships(parts: MembershipParts): Memberships {
  /** Of at most 480 bytes each: a hello is at most 64 kB, and its token and session need some of that. */
  const helloRooms = 100;
  const rooms = new Map<string, Membership>();
  let asked: readonly Membership[] = [];
  let askedBy: string | undefined;

  return {
    all: () => [...rooms.values()],
    get(name) {
      const room = rooms.get(name) ?? createMembership(name, parts);
      rooms.set(name, room);
      return room;
    },
    find: (name) => rooms.get(name),

    forHello(id) {
      asked = [...rooms.values()].filter((room) => room.wanted).slice(0, helloRooms);
      askedBy = id;
      return asked.map((room) => room.asked());
    },
    opened() {
      for (const room of rooms.values()) room.opened(asked.includes(room));
    },
    dropped() {
      for (const room of rooms.values()) room.dropped();
    },
    end(error) {
      for (const room of rooms.values()) room.end(error);
    },
    refused(frame) {
      const index = frame.path?.slice('rooms.'.length);
      const room = frame.id === askedBy ? asked[Number(index)] : undefined;
      room?.refused(frame);
      return room !== undefined;
    },
  };
}
