import { type Destination, KIND_SHARED, type Kind, TAG_BYTES } from "./destination.ts";
import { RECORD } from "./layout.ts";
import type { Outlet } from "./outlet.ts";
import type { RingView, Slice } from "./slice.ts";

/** A large unit leaves in steps this far apart. */
const STEP_MS = 3;

/** After so many destinations it is looked how late it is. */
const CLOCK_EVERY = 4;

const NEVER = Number.POSITIVE_INFINITY;

/** A stream as a sending thread knows it. */
export interface StreamView {
	readonly ring: RingView;
	readonly lanes: Lane[];
}

/** What lanes share: the thread's scratch slice, its clock, and who finds a lane for a destination. */
export interface LaneHost {
	readonly slice: Slice;
	/** Oldest packet that is still sent, in milliseconds. */
	readonly behindMs: number;
	clock(): number;
	/** Whether the thread has something else to do by now: the rest is sent a little later. */
	late(): boolean;
	/** Puts a destination into the lane it belongs to by now. */
	place(destination: Destination, stream: StreamView, where: Standing): void;
}

/** Where a destination stands in its stream. */
export interface Standing {
	/** Its next packet; −1: it has no place. */
	cursor: number;
	/** Stamp of a command at which the ring still kept all that is unsent; Infinity: the present one. */
	since: number;
	/** It goes on at the next key frame. */
	waiting: boolean;
}

/** A destination on its own way through the ring: catching up with its lane, or getting packets again. */
export interface Burst extends Standing {
	readonly destination: Destination;
	/** Where a repetition ends; Infinity: it becomes live. */
	readonly end: number;
	nextAt: number;
}

/** What one lane has in common. */
export interface LaneKind {
	readonly stream: StreamView;
	readonly outlet: Outlet;
	readonly kind: Kind;
	readonly mask: number;
	readonly single: boolean;
}

/**
 * All destinations of a stream that get the same packets in the same way by the same socket: one slice is read for all
 * of them. The live ones share a cursor; a round that meets a full socket stops at a destination and goes on there.
 */
export class Lane {
	readonly live: Destination[] = [];
	bursts: Burst[] = [];
	/** All live destinations have the packets below. */
	cursor: number;
	since = 0;
	/** The engine has it on its list. */
	queued = false;
	readonly what: LaneKind;
	readonly #host: LaneHost;
	#waiting = false;
	#nextAt = 0;
	/** A round that is not at its end: its packets, and the next destination. */
	#roundEnd = -1;
	#roundAt = 0;

	constructor(host: LaneHost, what: LaneKind) {
		this.#host = host;
		this.what = what;
		this.cursor = what.stream.ring.to;
	}

	/** Stamp of the oldest command whose packets have not all left; Infinity where all have. */
	get held(): number {
		const { to } = this.what.stream.ring;
		let held = this.cursor < to ? this.since : NEVER;
		for (const burst of this.bursts) if (burst.cursor < Math.min(burst.end, to)) held = Math.min(held, burst.since);
		return held;
	}

	/** There are more packets: command `stamp` said so. `before` is where they end that were known. */
	extend(stamp: number, before: number): void {
		const { tail, to, capacity } = this.what.stream.ring;
		if (this.cursor >= before || this.cursor >= tail) this.since = stamp;
		for (const burst of this.bursts) if (burst.cursor >= tail) burst.since = stamp;
		if (to - this.cursor > capacity >> 1) this.#cut();
	}

	/**
	 * Sends the next step to the live destinations, or the rest of it. Returns in how many milliseconds there is more
	 * to do; Infinity where that is for the next command to say.
	 */
	advance(now: number): number {
		const { outlet, stream } = this.what;
		const { ring } = stream;
		if (this.live.length === 0) {
			this.cursor = ring.to;
			this.#roundEnd = -1;
			this.#waiting = false;
		}
		if (this.#waiting) this.#resume(now);
		if (this.cursor >= ring.to) return NEVER;
		if (ring.age(this.cursor, now) > this.#host.behindMs) {
			this.#cut();
			return this.cursor < ring.to ? 0 : NEVER;
		}
		if (outlet.blockedUntil > now) return outlet.blockedUntil - now;
		if (this.#roundEnd < 0 && this.#nextAt > now) return this.#nextAt - now;
		return this.#step(now);
	}

	#step(now: number): number {
		const { outlet, stream, kind, mask, single } = this.what;
		const { slice } = this.#host;
		const { ring } = stream;
		const end = this.#roundEnd < 0 ? ring.to : this.#roundEnd;
		slice.read(ring, this.cursor, end, mask, TAG_BYTES[kind], single ? 1 : outlet.most);
		if (slice.next === this.cursor || (this.#roundEnd >= 0 && slice.next !== end)) {
			this.#cut();
			return 0;
		}
		if (slice.count > 0 && !this.#round(slice)) return Math.max(0, outlet.blockedUntil - now);
		this.#roundEnd = -1;
		this.#roundAt = 0;
		this.cursor = slice.next;
		if (this.cursor >= ring.to) return NEVER;
		this.#nextAt = now + STEP_MS;
		return STEP_MS;
	}

	/** The slice to every live destination that has not got it. False: the socket is full, or it took long enough. */
	#round(slice: Slice): boolean {
		const { outlet, kind } = this.what;
		const { live } = this;
		outlet.since = Math.min(outlet.since, this.since);
		for (let i = this.#roundAt; i < live.length; i++) {
			if (!outlet.room(slice)) {
				if (!outlet.flush()) return this.#interrupt(slice, i);
				outlet.since = this.since;
			}
			if (i % CLOCK_EVERY === 0 && i > this.#roundAt && this.#host.late()) return this.#interrupt(slice, i);
			const destination = live[i]!;
			outlet.send(destination, slice, kind);
			destination.account(slice, false);
		}
		return true;
	}

	/** The round goes on at destination `at`. */
	#interrupt(slice: Slice, at: number): false {
		this.#roundEnd = slice.next;
		this.#roundAt = at;
		return false;
	}

	/**
	 * Lets all live destinations go on at the next key frame. What waits in the socket's messages still leaves, so that
	 * no number is left out.
	 */
	#cut(): void {
		const { stream, kind } = this.what;
		const { ring } = stream;
		const key = ring.key(this.cursor + 1, this.what.mask, this.#host.behindMs, this.#host.clock());
		const cursor = key < 0 ? ring.to : key;
		this.#drop(cursor);
		this.#roundEnd = -1;
		this.#roundAt = 0;
		this.#waiting = key < 0;
		for (const destination of this.live) destination.cut();
		if (kind !== KIND_SHARED) return;
		// Unchanged packets would have a gap in their numbers from now on: these destinations need their own.
		for (const destination of this.live.splice(0))
			this.#host.place(destination, stream, { cursor, since: NEVER, waiting: key < 0 });
	}

	#resume(now: number): void {
		const { ring } = this.what.stream;
		const key = ring.key(this.cursor, this.what.mask, this.#host.behindMs, now);
		const cursor = key < 0 ? ring.to : key;
		this.#drop(cursor);
		this.#waiting = key < 0;
	}

	/** Leaves packets out, up to `to`. */
	#drop(to: number): void {
		const packets = this.what.stream.ring.count(this.cursor, to, this.what.mask);
		for (const destination of this.live) destination.count(RECORD.dropped, packets);
		this.cursor = to;
	}

	/**
	 * Sends the next step of each burst that is due, until `until` on the clock. Returns as `advance` does.
	 */
	burst(now: number, until: number): number {
		let wait = NEVER;
		let left = 0;
		const { bursts } = this;
		let i = 0;
		for (; i < bursts.length; i++) {
			const burst = bursts[i]!;
			if (this.what.outlet.blockedUntil > now) break;
			if (i > 0 && this.#host.clock() > until) {
				wait = 0;
				break;
			}
			const next = burst.nextAt > now ? burst.nextAt - now : this.#burst(burst, now);
			wait = Math.min(wait, next);
			if (next >= 0) bursts[left++] = burst;
		}
		for (; i < bursts.length; i++) bursts[left++] = bursts[i]!;
		bursts.length = left;
		return this.what.outlet.blockedUntil > now ? this.what.outlet.blockedUntil - now : Math.max(0, wait);
	}

	/** One step of one burst. Returns when there is more to do, or −1 where the burst is over. */
	#burst(burst: Burst, now: number): number {
		const { stream, outlet, single } = this.what;
		const { ring } = stream;
		const { destination } = burst;
		const repeats = burst.end < NEVER;
		if (burst.waiting) {
			const key = ring.key(burst.cursor, this.what.mask, this.#host.behindMs, now);
			this.#dropFrom(burst, key < 0 ? ring.to : key);
			burst.waiting = key < 0;
		}
		if (!repeats && burst.cursor >= this.cursor) return this.#merge(burst);
		if (repeats && burst.cursor >= burst.end) return -1;
		const age = ring.age(burst.cursor, now);
		if (age > this.#host.behindMs && (burst.cursor >= destination.burstEnd || age === NEVER)) {
			return repeats ? -1 : this.#cutBurst(burst, now);
		}
		const limit = Math.min(burst.end, this.cursor);
		const end = burst.cursor < destination.burstEnd ? Math.min(limit, destination.burstEnd) : limit;
		const kind = destination.kindAt(burst.cursor);
		const { slice } = this.#host;
		const most = single ? 1 : outlet.most;
		slice.read(ring, burst.cursor, end, this.what.mask, TAG_BYTES[kind], most, repeats ? destination : undefined);
		if (!outlet.room(slice) && !outlet.flush()) return 1;
		outlet.since = Math.min(outlet.since, burst.since);
		if (slice.count > 0) {
			outlet.send(destination, slice, kind);
			destination.account(slice, repeats);
		}
		burst.cursor = slice.next;
		burst.nextAt = now + STEP_MS;
		if (!repeats && burst.cursor >= this.cursor) return this.#merge(burst);
		return STEP_MS;
	}

	/** A destination that has caught up becomes live, unless a round is under way. */
	#merge(burst: Burst): number {
		if (burst.cursor > this.cursor) return NEVER;
		if (this.#roundEnd >= 0) return 1;
		if (this.#waiting) burst.destination.cut();
		this.live.push(burst.destination);
		return -1;
	}

	#cutBurst(burst: Burst, now: number): number {
		const { stream } = this.what;
		const { destination } = burst;
		const key = stream.ring.key(burst.cursor + 1, this.what.mask, this.#host.behindMs, now);
		const cursor = key < 0 ? stream.ring.to : key;
		this.#dropFrom(burst, cursor);
		const { kind } = destination;
		destination.cut();
		if (destination.kind !== kind) {
			this.#host.place(destination, stream, { cursor, since: NEVER, waiting: key < 0 });
			return -1;
		}
		burst.waiting = key < 0;
		return 0;
	}

	#dropFrom(burst: Burst, to: number): void {
		burst.destination.count(RECORD.dropped, this.what.stream.ring.count(burst.cursor, to, this.what.mask));
		burst.cursor = to;
	}

	/** Takes a destination out. Returns where it stands. */
	remove(destination: Destination): Standing {
		let where: Standing = { cursor: -1, since: NEVER, waiting: false };
		const at = this.live.indexOf(destination);
		if (at >= 0) {
			const served = this.#roundEnd >= 0 && at < this.#roundAt;
			where = { cursor: served ? this.#roundEnd : this.cursor, since: this.since, waiting: this.#waiting };
			this.live.splice(at, 1);
			if (at < this.#roundAt) this.#roundAt--;
		}
		for (const burst of this.bursts) if (burst.destination === destination && burst.end === NEVER) where = burst;
		this.bursts = this.bursts.filter((burst) => burst.destination !== destination);
		return where;
	}
}
