import { attribute, parseSdp, SdpError, type SessionDescription } from "../../wire/sdp.ts";
import { type LocalTransport, remoteCredentials } from "./answer.ts";
import type { Credentials } from "./ice.ts";
import { acceptedOf, type Plan } from "./negotiate.ts";
import { WebRtcRefusal } from "./refusal.ts";

/** Parses an offer. Throws a 400 where it is none. */
export function parseOffer(text: string): SessionDescription {
	try {
		return parseSdp(text);
	} catch (error) {
		if (error instanceof SdpError) throw new WebRtcRefusal(400, `the offer is no SDP: ${error.message}`);
		throw error;
	}
}

/**
 * The ICE credentials in a fragment (RFC 8840 section 9: SDP without its head); undefined where it names none and only
 * brings candidates, which an ICE-lite server does not need. Throws a 400.
 */
export function fragmentCredentials(text: string): Credentials | undefined {
	const fragment = parseOffer(`v=0\r\n${text}`);
	const sections = [...fragment.media, fragment];
	if (sections.every((section) => attribute(section, "ice-ufrag") === undefined)) return undefined;
	return remoteCredentials(sections);
}

/** What answers an ICE restart (RFC 9725 section 4.3.2): our new credentials and all candidates. */
export function writeFragment(plan: Plan, transport: LocalTransport): string {
	const [first] = acceptedOf(plan);
	if (!first) return "";
	const { kind, protocol } = first.media;
	const mid = attribute(first.media, "mid");
	return [
		"a=ice-lite",
		...(mid === undefined ? [] : [`a=group:BUNDLE ${mid}`]),
		`m=${kind} 9 ${protocol} 0`,
		...(mid === undefined ? [] : [`a=mid:${mid}`]),
		`a=ice-ufrag:${transport.ufrag}`,
		`a=ice-pwd:${transport.password}`,
		...transport.candidates.map((value) => `a=candidate:${value}`),
		"a=end-of-candidates",
		"",
	].join("\r\n");
}
