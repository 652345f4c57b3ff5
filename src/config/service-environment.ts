import type { Override } from "./load.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A variable of the livestreaming service that Kurento's users know, and what it sets here. */
type Variable = (value: string, environment: Environment) => readonly Omit<Override, "origin">[];

function isTrue(value: string | undefined): boolean {
	return /^(true|1|yes|on)$/i.test(value ?? "");
}

/** The listener in TLS instead of the open one. */
function inTls(section: "http" | "signaling", address: string, { SSL_CERT, SSL_KEY }: Environment) {
	return [
		{ path: [section, "address"], value: "" },
		{ path: [section, "tls", "address"], value: address },
		{ path: [section, "tls", "cert"], value: SSL_CERT ?? "" },
		{ path: [section, "tls", "key"], value: SSL_KEY ?? "" },
	];
}

function apiAddress({ API_SERVER_HOST = "", API_SERVER_PORT = "8080" }: Environment): string {
	return `${API_SERVER_HOST}:${API_SERVER_PORT}`;
}

function api(_value: string, environment: Environment) {
	const address = apiAddress(environment);
	if (isTrue(environment.API_USE_SSL)) return inTls("http", address, environment);
	return [{ path: ["http", "address"], value: address }];
}

function signaling(_value: string, environment: Environment) {
	const address = `:${environment.SIGNALING_SERVER_PORT ?? "8765"}`;
	if (isTrue(environment.SIGNALING_USE_SSL)) return inTls("signaling", address, environment);
	return [{ path: ["signaling", "address"], value: address }];
}

const variables: Readonly<Record<string, Variable>> = {
	API_SERVER_HOST: api,
	API_SERVER_PORT: api,
	API_USE_SSL: api,
	SIGNALING_SERVER_PORT: signaling,
	SIGNALING_USE_SSL: signaling,
	EXTERNAL_IP: (value) => [{ path: ["webrtc", "publicHosts"], value: [value] }],
};

/** What that service's environment variables set. Those of our own come after them and count more. */
export function fromServiceEnvironment(environment: Environment): Override[] {
	return Object.entries(variables).flatMap(([origin, read]) => {
		const value = environment[origin];
		return value ? read(value, environment).map((override) => ({ ...override, origin })) : [];
	});
}

/** What that service's environment asks for that has no meaning here. */
export function serviceWarnings({ KURENTO_WS_URL }: Environment): readonly string[] {
	return KURENTO_WS_URL ? ["KURENTO_WS_URL: not needed, the relay speaks WebRTC itself"] : [];
}
