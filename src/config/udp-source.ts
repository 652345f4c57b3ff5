import { isIP } from "node:net";

/** An address that senders push to: `udp+rtp://:9000`, `udp+mpegts://239.1.1.1:5004?interface=eth0`. */
export interface UdpSource {
	readonly kind: "rtp" | "mpegts";
	/** An IP address (no brackets) or `localhost`; empty for all addresses. */
	readonly host: string;
	readonly port: number;
	/** Whether the host is a group of receivers (RFC 5771, RFC 4291 section 2.7). */
	readonly multicast: boolean;
	/** Whether only this machine can send there. */
	readonly loopback: boolean;
	/** The network interface on which a group is joined, by name or address; empty for the system's choice. */
	readonly interface: string;
	/** The only sender of a group that is asked for (RFC 4607); empty for all. */
	readonly sender: string;
}

/** Parses a source of `udp+rtp://` or `udp+mpegts://`; undefined where it is none, or makes no sense. */
export function parseUdpSource(text: string): UdpSource | undefined {
	const match = /^udp\+(rtp|mpegts):\/\/(?:\[([^\]]*)\]|([^:/?#[\]]*)):(\d{1,5})\/?(?:\?(.*))?$/.exec(text);
	if (!match) return undefined;
	const [, kind, bracketed, bare = "", digits, query = ""] = match;
	const port = Number(digits);
	const written = bracketed ?? bare;
	const known =
		bracketed === undefined ? written === "" || written === "localhost" || isIP(written) === 4 : isIP(written) === 6;
	if (!known || port < 1 || port > 65_535) return undefined;
	const host = written === "0.0.0.0" || written === "::" ? "" : written;
	const parameters = new URLSearchParams(query);
	return {
		kind: kind === "rtp" ? "rtp" : "mpegts",
		host,
		port,
		multicast: /^(22[4-9]|23\d)\.|^ff/i.test(host),
		loopback: /^(127\.|::1$|localhost$)/.test(host),
		interface: parameters.get("interface") ?? "",
		sender: parameters.get("source") ?? "",
	};
}
