import { createHmac } from "node:crypto";

const encode = (text: string) => new TextEncoder().encode(text);

export interface CheckOptions {
	/** Ours and theirs, `a:b`. */
	readonly username: string;
	readonly password: string;
	/** USE-CANDIDATE, set if not said otherwise. */
	readonly use?: boolean;
	readonly priority?: number;
	/** The attribute that tells the role: ICE-CONTROLLING if not said otherwise. */
	readonly role?: number;
	/** One more attribute. */
	readonly extra?: number;
}

function attribute(type: number, body: Uint8Array): Buffer {
	const bytes = Buffer.alloc(4 + ((body.length + 3) & ~3));
	bytes.writeUInt16BE(type, 0);
	bytes.writeUInt16BE(body.length, 2);
	bytes.set(body, 4);
	return bytes;
}

/** A Binding request as the controlling side writes it (RFC 8445 section 7.2), without FINGERPRINT. */
export function browserCheck({ username, password, ...options }: CheckOptions): Buffer {
	const { use = true, priority = 1000, role = 0x802a, extra } = options;
	const number = Buffer.alloc(4);
	number.writeUInt32BE(priority);
	const body = Buffer.concat([
		attribute(0x06, encode(username)),
		attribute(0x24, number),
		attribute(role, new Uint8Array(8)),
		...(use ? [attribute(0x25, new Uint8Array())] : []),
		...(extra ? [attribute(extra, new Uint8Array(4))] : []),
	]);
	const head = Buffer.from("000100002112a442aaaaaaaaaaaaaaaaaaaaaaaa", "hex");
	head.writeUInt16BE(body.length + 24, 2);
	const covered = Buffer.concat([head, body]);
	return Buffer.concat([covered, attribute(0x08, createHmac("sha1", password).update(covered).digest())]);
}
