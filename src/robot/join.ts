import { randomBytes } from "node:crypto";
import { request } from "node:https";
import type { TLSSocket } from "node:tls";
import { fingerprintDigits } from "../net/tls.ts";
import { type Enrolment, type Invitation, parseWelcome, type Welcome } from "../wire/invitation.ts";
import { type Identity, machineHash } from "./identity.ts";

const TIMEOUT_MS = 15_000;

interface Enrolled {
	readonly welcome: Welcome;
	/** PEM; empty where the system trusts it. */
	readonly certificate: string;
}

/**
 * Joins the relay of an invitation with a secret of its own making. Rejects with a reason for people: where the relay
 * does not answer, is another one than the invitation's, or does not take it.
 */
export async function join(invitation: Invitation): Promise<Identity> {
	const secret = randomBytes(32).toString("base64url");
	const { robot: name, code, host, port } = invitation;
	const { welcome, certificate } = await enrol(invitation, { name, code, secret, machine: machineHash() });
	const { prefix, rtspPort, rtspsPort } = welcome;
	const relay = `${host.includes(":") ? `[${host}]` : host}:${port}`;
	return { name, relay, secret, certificate, prefix, rtspPort, rtspsPort };
}

/**
 * The relay's certificate where only it proves the relay: it signed itself. Empty where the system trusts it, and whatever
 * follows it. Throws where it is not the invitation's, or will not do.
 */
function certificateToKeep(socket: TLSSocket, { host, port, fingerprint }: Invitation): string {
	const shown = socket.getPeerX509Certificate();
	if (!shown || fingerprintDigits(shown.fingerprint256) !== fingerprint) {
		throw new Error(`${host}:${port} is not the relay of this invitation: its certificate is another one`);
	}
	if (socket.authorized) return "";
	if (shown.verify(shown.publicKey)) return shown.toString();
	throw new Error(
		`this machine does not trust the certificate of ${host} (${socket.authorizationError}): give the relay its whole chain, and invite with --host and a name that it is made for`,
	);
}

/** The request leaves only when the certificate has the invitation's fingerprint. */
function enrol(invitation: Invitation, enrolment: Enrolment): Promise<Enrolled> {
	const { host, port } = invitation;
	const { promise, resolve, reject } = Promise.withResolvers<Enrolled>();
	const body = JSON.stringify(enrolment);
	const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
	const where = { host, port, method: "POST", path: "/api/robots/enrol" };
	const outgoing = request({ ...where, headers, rejectUnauthorized: false, agent: false, timeout: TIMEOUT_MS });
	let certificate = "";
	outgoing.on("socket", (socket) => {
		socket.once("secureConnect", () => {
			try {
				certificate = certificateToKeep(socket as TLSSocket, invitation);
				outgoing.end(body);
			} catch (error) {
				outgoing.destroy(error as Error);
			}
		});
	});
	outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
	outgoing.on("error", reject);
	outgoing.on("response", async (response) => {
		try {
			const answer: unknown = JSON.parse(Buffer.concat(await response.toArray()).toString());
			const welcome = response.statusCode === 201 ? parseWelcome(answer) : undefined;
			if (welcome) resolve({ welcome, certificate });
			else reject(new Error((answer as { error?: string }).error ?? `the relay answered ${response.statusCode}`));
		} catch (error) {
			reject(error);
		}
	});
	return promise;
}
