import type { Destination, Kind } from "./destination.ts";
import type { Slice } from "./slice.ts";

/** Packets of one GSO message: more is refused by some kernels (UDP_MAX_SEGMENTS is 64 or 128). */
export const GROUP_PACKETS = 48;

/** Who a message is for, as the system wants it. */
export interface Addressee {
	/** Address of its `sockaddr`, as the lower half of a pointer, and its length. */
	readonly name: number;
	readonly nameBytes: number;
	/** GSO messages do not reach it. */
	single: boolean;
	/** The system does not send to it. */
	refuse(): void;
}

/** What becomes of trouble on the way out. */
export interface OutletEvents<To extends Addressee = Destination> {
	/** GSO does not reach this destination; its packets must leave one by one. */
	single(destination: To): void;
	/** The socket refuses GSO: it is not used there any more. */
	refused(errno: number): void;
}

/** One socket of one thread: messages collect in it until `flush`. */
export interface Outlet {
	/** Until when the full socket is left alone, on the engine's clock; 0 where it is not full. */
	readonly blockedUntil: number;
	/** Stamp of the oldest command whose packets wait in it; Infinity where none does. */
	since: number;
	/** Most packets of one message. */
	readonly most: number;
	/** Whether a slice for one more destination finds room. */
	room(slice: Slice): boolean;
	/** Adds the slice, treated as `kind` says, for one destination. `room` was asked before. */
	send(destination: Destination, slice: Slice, kind: Kind): void;
	/** Adds the slice's only packet as a retransmission of its own (RFC 4588 section 4). */
	sendRtx(destination: Destination, slice: Slice): void;
	/** Gives everything to the socket. False where it is full: the rest stays, and `blockedUntil` is set. */
	flush(): boolean;
	/** Nothing is waiting. */
	readonly empty: boolean;
	/** Changes whenever everything that waited has left. */
	readonly generation: number;
}
