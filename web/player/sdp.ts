/** What a WHEP client does with SDP text beyond what the browser does. Pure. */

/** Whether the peer is ICE-lite (RFC 8445 section 2.5): it learns our addresses from our checks and needs no candidates. */
export function isLite(sdp: string): boolean {
	return /^a=ice-lite\s*$/m.test(sdp);
}

/** The description without candidates for ICE over TCP (RFC 6544). */
export function withoutTcp(sdp: string): string {
	return sdp.replace(/^a=candidate:\S+ \d+ tcp .*\r?\n/gim, "");
}

function value(sdp: string, attribute: string): string | null {
	return new RegExp(`^a=${attribute}:(\\S.*?)\\s*$`, "m").exec(sdp)?.[1] ?? null;
}

/**
 * An SDP fragment with our ICE credentials and candidates (RFC 8840 section 9) for PATCH.
 * `candidates` are lines as `RTCIceCandidate.candidate` gives them.
 */
export function fragment(local: string, candidates: readonly string[]): string {
	const media = /^m=.*$/m.exec(local)?.[0] ?? "m=video 9 UDP/TLS/RTP/SAVPF 0";
	const lines = [
		`a=ice-ufrag:${value(local, "ice-ufrag") ?? ""}`,
		`a=ice-pwd:${value(local, "ice-pwd") ?? ""}`,
		media,
		`a=mid:${value(local, "mid") ?? "0"}`,
		...candidates.map((candidate) => `a=${candidate}`),
	];
	return `${lines.join("\r\n")}\r\n`;
}

/**
 * The answer that follows from an ICE restart (RFC 9725 section 4.3.3): the old answer with the fragment's credentials and
 * candidates in place of its own. Returns null for a fragment without credentials.
 */
export function applyFragment(answer: string, restart: string): string | null {
	const ufrag = value(restart, "ice-ufrag");
	const pwd = value(restart, "ice-pwd");
	if (!ufrag || !pwd) return null;
	const candidates = restart.match(/^a=candidate:.*\S/gm) ?? [];
	return answer
		.replace(/^a=(?:candidate:.*|end-of-candidates)\r?\n/gm, "")
		.replace(/^a=ice-ufrag:.*\S/gm, `a=ice-ufrag:${ufrag}`)
		.replace(/^a=ice-pwd:.*\S/gm, [`a=ice-pwd:${pwd}`, ...candidates].join("\r\n"));
}

/** ICE servers in a `Link` header (RFC 9725 section 4.6). Links of other kinds are skipped. */
export function iceServersOf(link: string | null): RTCIceServer[] {
	const servers: RTCIceServer[] = [];
	for (const [, urls = "", rest = ""] of (link ?? "").matchAll(
		/<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"[^"]*"|[^",;\s]+))*)/g,
	)) {
		const parameters = new Map<string, string>();
		for (const [, key = "", quoted, bare] of rest.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|([^",;\s]+))/g)) {
			parameters.set(key.toLowerCase(), quoted ?? bare ?? "");
		}
		if (parameters.get("rel") !== "ice-server") continue;
		const username = parameters.get("username");
		const credential = parameters.get("credential");
		servers.push(username === undefined || credential === undefined ? { urls } : { urls, username, credential });
	}
	return servers;
}
