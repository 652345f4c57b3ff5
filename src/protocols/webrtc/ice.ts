import type { Millis } from "../../media/time.ts";
import {
	bindingError,
	bindingRequest,
	bindingSuccess,
	type HmacSha1,
	parseStun,
	type StunMessage,
	verifyStun,
} from "../../wire/stun.ts";

/** Addresses that one session may come from at a time. */
const MAX_PAIRS = 16;
/** Between two checks of an address that has not answered yet, doubled with each up to the longest. */
const FIRST_CHECK_MS = 100;
const LAST_CHECK_MS = 1_600;
/** An address that has not answered so many checks is left alone until its next request. */
const MAX_CHECKS = 7;
const CONSENT_EVERY_MS = 5_000;
/** RFC 7675 section 5.1. */
export const CONSENT_ENDS_MS = 30_000;
/** Peer-reflexive, component 1 (RFC 8445 section 5.1.2). */
const PRIORITY = 110 * 2 ** 24 + 65_535 * 2 ** 8 + 255;

/** A way to one address of the other side. */
export interface Route {
	/** Tells routes apart: transport, socket, address and port. */
	readonly key: string;
	readonly address: string;
	readonly port: number;
	/** Our side of it. */
	readonly local: { readonly address: string; readonly port: number };
	/** Sends one datagram. The bytes may be changed once it returns. */
	send(datagram: Uint8Array): void;
	/** The session is over. A route that several sessions could use leaves it out. */
	close?(): void;
}

export interface Credentials {
	readonly ufrag: string;
	readonly password: string;
}

/** The credentials of both sides; an ICE restart begins another generation (RFC 8445 section 9). */
interface Generation {
	readonly number: number;
	readonly local: Credentials;
	readonly remote: Credentials;
	readonly localKey: Uint8Array;
	readonly remoteKey: Uint8Array;
}

interface Pair {
	route: Route;
	readonly generation: Generation;
	/** Of the request that came last. */
	priority: number;
	/** Requests with USE-CANDIDATE since another pair was selected. */
	nominations: number;
	/** It answered a check of ours: it wants what we send. */
	valid: boolean;
	/** When it answered last. */
	answeredAt: Millis;
	transaction: Uint8Array;
	checks: number;
	nextCheckAt: Millis;
	seenAt: Millis;
}

export interface IceEvents {
	/** Media goes to this route from now on. */
	onSelected(route: Route): void;
	/** A route has answered a check of ours. */
	onValid(route: Route): void;
}

/**
 * The controlled, lite side of ICE (RFC 8445 section 2.5) that all the same checks each address before anything but
 * STUN goes there, and asks for consent to go on (RFC 7675). Pure: time, randomness and HMAC come in.
 */
export class IceAgent {
	readonly #hmac: HmacSha1;
	readonly #random: (bytes: number) => Uint8Array;
	readonly #events: IceEvents;
	readonly #tieBreaker: Uint8Array;
	readonly #pairs = new Map<string, Pair>();
	#generations: Generation[] = [];
	#selected: Pair | undefined;

	constructor(
		local: Credentials,
		remote: Credentials,
		tools: { readonly hmac: HmacSha1; readonly random: (bytes: number) => Uint8Array },
		events: IceEvents,
	) {
		this.#hmac = tools.hmac;
		this.#random = tools.random;
		this.#events = events;
		this.#tieBreaker = tools.random(8);
		this.restart(local, remote);
	}

	/** Where media goes; undefined until an address was checked and chosen. */
	get selected(): Route | undefined {
		return this.#selected?.route;
	}

	/** Our user names that requests may come with: the present one, and the one before an ICE restart until it is over. */
	get ufrags(): string[] {
		return this.#generations.map((generation) => generation.local.ufrag);
	}

	/** Begins an ICE restart: media stays where it is until an address is chosen under the new credentials. */
	restart(local: Credentials, remote: Credentials): void {
		const number = (this.#generations.at(-1)?.number ?? 0) + 1;
		const encoder = new TextEncoder();
		const [localKey, remoteKey] = [encoder.encode(local.password), encoder.encode(remote.password)];
		this.#generations = [...this.#generations.slice(-1), { number, local, remote, localKey, remoteKey }];
	}

	/** Whether the other side proved that it gets what is sent to this route. */
	isValid(route: Route): boolean {
		return this.#pairs.get(route.key)?.valid ?? false;
	}

	/**
	 * Takes a STUN message and answers it. False where it proves nothing: it is broken, has another user name or was made
	 * without the password.
	 */
	input(bytes: Uint8Array, route: Route, now: Millis): boolean {
		const message = parseStun(bytes);
		if (message?.method !== 1) return false;
		if (message.kind === "request") return this.#request(bytes, message, route, now);
		if (message.kind === "success" || message.kind === "error") return this.#response(bytes, message, route, now);
		return false;
	}

	#request(bytes: Uint8Array, message: StunMessage, route: Route, now: Millis): boolean {
		const { transaction } = message;
		const generation = this.#generations.find((one) => {
			return message.username === `${one.local.ufrag}:${one.remote.ufrag}`;
		});
		if (!generation || !verifyStun(bytes, message, generation.localKey, this.#hmac)) return false;
		const key = generation.localKey;
		if (message.unknown.length > 0) {
			const { unknown } = message;
			route.send(bindingError(transaction, 420, "Unknown Attribute", this.#hmac, { key, unknown }));
			return true;
		}
		if (message.role === "controlled") {
			// We are lite and always controlled: the other side must change its role (RFC 8445 section 7.3.1.1).
			route.send(bindingError(transaction, 487, "Role Conflict", this.#hmac, { key }));
			return true;
		}
		const pair = this.#pairFor(route, generation, now);
		if (!pair) return true;
		route.send(bindingSuccess(transaction, route, key, this.#hmac));
		pair.priority = message.priority;
		if (message.useCandidate) pair.nominations++;
		if (pair.valid) this.#choose(pair);
		else this.#check(pair, now);
		return true;
	}

	#pairFor(route: Route, generation: Generation, now: Millis): Pair | undefined {
		const known = this.#pairs.get(route.key);
		if (known?.generation === generation) {
			// A TCP connection may be another one between the same addresses.
			known.route = route;
			known.seenAt = now;
			return known;
		}
		if (!known && this.#pairs.size >= MAX_PAIRS && !this.#forgetOldest()) return undefined;
		const pair: Pair = {
			route,
			generation,
			priority: 0,
			nominations: 0,
			valid: false,
			answeredAt: 0,
			transaction: this.#random(12),
			checks: 0,
			nextCheckAt: now,
			seenAt: now,
		};
		this.#pairs.set(route.key, pair);
		return pair;
	}

	#forgetOldest(): boolean {
		let oldest: Pair | undefined;
		for (const pair of this.#pairs.values()) {
			if (pair !== this.#selected && (!oldest || pair.seenAt < oldest.seenAt)) oldest = pair;
		}
		return oldest !== undefined && this.#pairs.delete(oldest.route.key);
	}

	/** A request from an address that has not answered yet: our own check follows at once, then by its timer. */
	#check(pair: Pair, now: Millis): void {
		if (pair.checks >= MAX_CHECKS) pair.checks = 0;
		if (now >= pair.nextCheckAt) this.#ask(pair, now);
	}

	#ask(pair: Pair, now: Millis): void {
		const { local, remote } = pair.generation;
		const username = `${remote.ufrag}:${local.ufrag}`;
		const details = { username, priority: PRIORITY, tieBreaker: this.#tieBreaker };
		pair.route.send(bindingRequest(pair.transaction, details, pair.generation.remoteKey, this.#hmac));
		pair.checks++;
		pair.nextCheckAt = now + Math.min(FIRST_CHECK_MS * 2 ** (pair.checks - 1), LAST_CHECK_MS);
	}

	#response(bytes: Uint8Array, message: StunMessage, route: Route, now: Millis): boolean {
		const pair = this.#pairs.get(route.key);
		if (!pair || !sameBytes(pair.transaction, message.transaction)) return false;
		if (!verifyStun(bytes, message, pair.generation.remoteKey, this.#hmac)) return false;
		if (message.kind === "error") return true;
		pair.transaction = this.#random(12);
		pair.answeredAt = now;
		pair.checks = 0;
		// Spread by a fifth, so that many viewers who came at once do not stay in step (RFC 7675 section 5.1).
		pair.nextCheckAt = now + CONSENT_EVERY_MS * (0.8 + (this.#random(1)[0]! / 255) * 0.4);
		if (!pair.valid) {
			pair.valid = true;
			this.#events.onValid(pair.route);
		}
		this.#choose(pair);
		return true;
	}

	/**
	 * Selects a nominated pair where none is selected, where it is better, or where the other side nominates it and no
	 * longer the selected one: some nominate all their pairs at once, others only the one they have moved to.
	 */
	#choose(pair: Pair): void {
		const old = this.#selected;
		if (!pair.valid || pair.nominations === 0) return;
		if (pair === old) {
			for (const other of this.#pairs.values()) other.nominations = 0;
			return;
		}
		const newer = !old || pair.generation.number > old.generation.number;
		const older = old !== undefined && pair.generation.number < old.generation.number;
		if (older || !(newer || pair.priority >= old.priority || pair.nominations >= 2)) return;
		this.#selected = pair;
		for (const other of this.#pairs.values()) other.nominations = 0;
		if (newer && old) this.#finishRestart(pair.generation);
		this.#events.onSelected(pair.route);
	}

	#finishRestart(generation: Generation): void {
		this.#generations = [generation];
		for (const [key, pair] of this.#pairs) if (pair.generation !== generation) this.#pairs.delete(key);
	}

	/** Sends the checks that are due. To be called every 50 to 100 ms until something is selected, then every second. */
	tick(now: Millis): void {
		for (const pair of this.#pairs.values()) {
			if (now < pair.nextCheckAt) continue;
			if (pair === this.#selected) this.#askConsent(pair, now);
			else if (!pair.valid && pair.checks < MAX_CHECKS) this.#ask(pair, now);
		}
	}

	#askConsent(pair: Pair, now: Millis): void {
		this.#ask(pair, now);
		pair.nextCheckAt = now + CONSENT_EVERY_MS * 0.9;
	}

	/** Milliseconds since the selected address last answered; 0 where none is selected. */
	silence(now: Millis): Millis {
		return this.#selected ? now - this.#selected.answeredAt : 0;
	}

	/** Forgets a route that is closed. */
	forget(route: Route): void {
		const pair = this.#pairs.get(route.key);
		if (pair?.route !== route) return;
		this.#pairs.delete(route.key);
		if (this.#selected === pair) this.#selected = undefined;
	}
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
	return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
