/** One line that lets a robot join a relay, good for a short time and once. */
export interface Invitation {
	/** A name or an address, without brackets. */
	readonly host: string;
	/** Of the relay's web server, which speaks TLS there. */
	readonly port: number;
	/** The robot's name to be. */
	readonly robot: string;
	/** 128 random bits, base64url. */
	readonly code: string;
	/** SHA-256 of the relay's certificate, hexadecimal. */
	readonly fingerprint: string;
}

const LINE =
	/^vedette:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})\/([A-Za-z0-9_-]{1,64})\/([A-Za-z0-9_-]{22})\/([A-Za-z0-9_-]{43})$/;

/** `vedette://HOST:PORT/ROBOT/CODE/FINGERPRINT`: nothing in it that a shell takes for something else. */
export function writeInvitation({ host, port, robot, code, fingerprint }: Invitation): string {
	const name = host.includes(":") ? `[${host}]` : host;
	const hash = Buffer.from(fingerprint, "hex").toString("base64url");
	return `vedette://${name}:${port}/${robot}/${code}/${hash}`;
}

/** Reads such a line; undefined for anything else. */
export function parseInvitation(line: string): Invitation | undefined {
	const match = LINE.exec(line.trim());
	if (!match) return undefined;
	const [, name = "", port, robot = "", code = "", hash = ""] = match;
	const fingerprint = Buffer.from(hash, "base64url").toString("hex");
	if (Number(port) < 1 || Number(port) > 65_535) return undefined;
	return { host: name.replace(/^\[(.*)\]$/, "$1"), port: Number(port), robot, code, fingerprint };
}

/** What a robot says to join: `POST /api/robots/enrol`. */
export interface Enrolment {
	readonly name: string;
	readonly code: string;
	/** What only this robot knows. */
	readonly secret: string;
	/** A hash of its machine's id, so that a copy of its files is told from the robot itself. */
	readonly machine: string;
}

/** What the relay answers to it. */
export interface Welcome {
	readonly name: string;
	/** The first part of the topics. */
	readonly prefix: string;
	/** Where streams are taken by RTSP; 0 for nowhere. */
	readonly rtspPort: number;
	/** Where in TLS; where it is the same port, with the certificate of the web server. */
	readonly rtspsPort: number;
}

const HASH = /^[0-9a-f]{64}$/;
const SECRET = /^[A-Za-z0-9_-]{43}$/;
const CODE = /^[A-Za-z0-9_-]{22}$/;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

function isText(value: unknown, pattern: RegExp): value is string {
	return typeof value === "string" && pattern.test(value);
}

/** An enrolment as it came; undefined where it is none. */
export function parseEnrolment(value: unknown): Enrolment | undefined {
	if (typeof value !== "object" || value === null) return undefined;
	const { name, code, secret, machine } = value as Readonly<Record<string, unknown>>;
	const good = isText(name, NAME) && isText(code, CODE) && isText(secret, SECRET) && isText(machine, HASH);
	return good ? { name, code, secret, machine } : undefined;
}

/** The relay's answer; undefined where it is none. */
export function parseWelcome(value: unknown): Welcome | undefined {
	if (typeof value !== "object" || value === null) return undefined;
	const { name, prefix, rtspPort, rtspsPort } = value as Readonly<Record<string, unknown>>;
	if (!isText(name, NAME) || typeof prefix !== "string") return undefined;
	return { name, prefix, rtspPort: Number(rtspPort), rtspsPort: Number(rtspsPort) };
}

/** What a robot that has joined logs in with: its secret, bound to its machine. */
export function robotPassword({ secret, machine }: Pick<Enrolment, "secret" | "machine">): string {
	return `${secret}.${machine}`;
}
